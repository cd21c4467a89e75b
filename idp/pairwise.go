package idp

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"

	"silentrenew/db"
)

// Subject types (OIDC Core §8).
const (
	subjectPublic   = "public"
	subjectPairwise = "pairwise"
)

// subjectsWanted reads subject_type and sector_identifier_uri. The address is asked even by a client with public subjects,
// who may change its mind: what is there must list its redirect URIs (OIDC Registration §5).
func (p *Provider) subjectsWanted(ctx context.Context, m clientMetadata, client *db.Client) error {
	client.SectorIdentifierURI = m.SectorIdentifierURI
	if m.SubjectType != "" && m.SubjectType != subjectPublic && m.SubjectType != subjectPairwise {
		return refuseMetadata("subject_type", "must be %s or %s", subjectPublic, subjectPairwise)
	}
	if m.SectorIdentifierURI != "" {
		if err := p.checkSector(ctx, m); err != nil {
			return err
		}
	}
	client.PairWiseSubjectSalt = ""
	if m.SubjectType != subjectPairwise {
		return nil
	}
	if client.Sector() == "" {
		return refuseMetadata("sector_identifier_uri", "is needed for pairwise subjects: the redirect_uris have no host, or several (OIDC Core section 8.1)")
	}
	if slices.Contains(client.GrantTypes, grantDeviceCode) { // it never gets an answer at the host that would be its sector
		return refuseMetadata("subject_type", "pairwise does not go with grant_types %s: nothing would show whose sector it is", grantDeviceCode)
	}
	salt, err := p.db.SecretOption(ctx, pairwiseSaltOption, newHandle())
	client.PairWiseSubjectSalt = salt
	return err
}

// pairwiseSaltOption names the row of ServerOptions with the salt that every pairwise client is registered with, so that
// the clients of one sector agree. A row written by hand may have another.
const pairwiseSaltOption = "Subjects.PairwiseSalt"

// maxSectorList is the longest list of a sector's redirect URIs we read, in bytes.
const maxSectorList = 64 << 10

// checkSector reads the list at sector_identifier_uri, which must name every redirect URI: so nobody gets the subjects of a
// sector that does not own it (OIDC Core §8.1, OIDC Registration §5).
func (p *Provider) checkSector(ctx context.Context, m clientMetadata) error {
	if refused := p.checkAddress("sector_identifier_uri", m.SectorIdentifierURI); refused != nil {
		return refused
	}
	refused := refuseMetadata("sector_identifier_uri", "must lead to a JSON array of redirect URIs")
	body, err := p.outgoing.get(ctx, m.SectorIdentifierURI, "application/json", maxSectorList)
	var listed []string
	if err == nil {
		err = json.Unmarshal(body, &listed)
	}
	if err != nil {
		refused.cause = err
		return refused
	}
	for _, uri := range m.RedirectURIs {
		if !slices.Contains(listed, uri) {
			return refuseMetadata("sector_identifier_uri", "does not list %q", uri)
		}
	}
	return nil
}

// subjectFor returns the subject identifier by which a client knows a user: the user's own, or one of the client's sector,
// which it notes (OIDC Core §8.1).
func (p *Provider) subjectFor(ctx context.Context, client db.Client, subject string) (string, error) {
	if client.PairWiseSubjectSalt == "" || subject == "" {
		return subject, nil
	}
	pairwise := pairwiseSubject(client.PairWiseSubjectSalt, client.Sector(), subject)
	return pairwise, p.db.KeepPairwiseSubject(ctx, pairwise, subject, client.Sector())
}

// pairwiseSubject computes the identifier as OIDC Core §8.1 suggests, a hash of sector, subject and a secret salt; the salt
// is the key of an HMAC, so that the parts cannot run into one another.
func pairwiseSubject(salt, sector, subject string) string {
	mac := hmac.New(sha256.New, []byte(salt))
	_ = json.NewEncoder(mac).Encode([]string{sector, subject}) // neither texts nor a hash can fail
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// ownSubject returns the user's own subject identifier behind one that the client was told; "" when it was told none like it.
func (p *Provider) ownSubject(ctx context.Context, client db.Client, told string) (string, error) {
	if client.PairWiseSubjectSalt == "" || told == "" {
		return told, nil
	}
	subject, err := p.db.PairwiseSubject(ctx, told)
	if errors.Is(err, db.ErrNotFound) || err == nil && pairwiseSubject(client.PairWiseSubjectSalt, client.Sector(), subject) != told {
		return "", nil
	}
	return subject, err
}

// hostName returns the host of an address for people, "" when it has none.
func hostName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
