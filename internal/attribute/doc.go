// Package attribute is how people say things about a client, an API or a scope value: names, values and units, in a file or on a command line.
//
// An attribute is a column of its table or a list beside it. It answers to its column's name and, because case, dashes and
// underscores do not count, to the names of RFC 7591 and to camelCase: RedirectUris, redirect_uris and redirectUris are one.
// Enumerations take their text or their number, lifetimes a duration ("10m", "30d") or seconds. What an attribute cannot
// be is said in the words of its own kind; what a whole row cannot be, package db says.
//
// The attributes are read off the types of package db, so a new column is known here at once.
package attribute
