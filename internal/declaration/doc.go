// Package declaration reads the file that --config names: the APIs, clients and users of somebody's own application, beside the
// seeded ones or in their place.
//
//	seed: false               # leave out the tutorial's clients and users of a new database
//	apis:                     # who access tokens are for, and the scope values that mean so
//	  - name: ordersApi
//	    scopes: [orders.read]
//	scopes:                   # what there is to say about one of them beside its name
//	identity_resources:       # scope values that stand for claims about the user
//	clients:
//	  - client_id: my-app
//	    redirect_uris: [http://localhost:3000/callback]
//	    ...
//	users:
//	  - username: alice
//	    password: a long one
//
// It is YAML, or TOML where its name ends so. Keys are what package attribute understands. Whatever is wrong is said with file, line and column, all of it at once,
// before anything is written. What only looks wrong, a scope value that nobody registered for one, is warned of with its place too.
//
// The rows are applied each time the program starts. A declared row is made, or brought to what the file says where it
// differs; what is the same is not written. What the file does not name is left alone, so a row taken out of the file stays in the
// database, disabled by nobody: the commands' "remove" and SQL are for that. An edit of a declared row by hand lasts until the next start.
package declaration
