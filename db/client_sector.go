package db

import (
	"net/url"
	"strings"
)

// Sector is the host that the client's pairwise subject identifiers are made for: clients of one sector see the same user
// under the same subject, others do not (OIDC Core §8.1). It is the host of SectorIdentifierURI, else the one host of all
// redirect URIs, without a port and in lower case. It is "" where that is not one host.
func (c Client) Sector() string {
	if c.SectorIdentifierURI != "" {
		return hostOf(c.SectorIdentifierURI)
	}
	sector := ""
	for _, uri := range c.RedirectURIs {
		host := hostOf(uri)
		if host == "" || sector != "" && host != sector {
			return ""
		}
		sector = host
	}
	return sector
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
