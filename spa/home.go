package spa

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"silentrenew/views"
)

// home serves GET /: what this is and where to begin.
func (s *Server) home(*gin.Context) page {
	first := ""
	if len(s.workshop.chapters) > 0 {
		first = "/workshop/" + s.workshop.chapters[0].slug
	}
	return page{name: "home", title: "Home", content: views.Home(views.HomePage{FirstChapter: first, Lab: s.cfg.Lab})}
}

// sequencePage serves GET /sequence: the protocol as it happens (A33, A37).
func (s *Server) sequencePage(*gin.Context) page {
	return page{name: "sequence", title: "Sequence", content: views.Sequence(s.cfg.Lab)}
}

// casesPage serves GET /cases: cookie and token, alive and dead (A47).
func (s *Server) casesPage(*gin.Context) page {
	return page{name: "cases", title: "Three cases", content: views.Cases(views.CasesPage{Lab: s.cfg.Lab, ProviderLogout: s.cfg.Authority + "/account/logout"})}
}

// stolenTokenPage serves GET /stolen-token: what a lifetime means for a thief (A50).
func (s *Server) stolenTokenPage(*gin.Context) page {
	return page{name: "stolen-token", title: "A stolen token", content: views.StolenToken(s.cfg.Lab)}
}

// notFound serves every address that has no page.
func (s *Server) notFound(c *gin.Context) page {
	return page{status: http.StatusNotFound, name: "not-found", title: "Not found", content: views.NotFound(c.Request.URL.Path)}
}
