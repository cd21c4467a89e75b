// Package house holds no code, only the rules of the house as tests: who may import whom, and who may know which library.
//
//	             main
//	   ┌──────────┼──────────┐
//	   ▼          ▼          ▼
//	  idp        api        spa     never import one another: they meet over HTTP, as strangers would
//	 ┌─┼──────┐   │       ┌──┴───┐
//	 ▼ ▼      ▼   ▼       ▼      ▼
//	db views static db  views static    import none of our packages
//
// Besides these there is internal/, whose nouns anybody above may use.
package house
