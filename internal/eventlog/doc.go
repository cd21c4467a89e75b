// Package eventlog writes the log. Its main source is the bus: every protocol step is one line, so that a silent renewal
// reads as three of them, authorize, token and userinfo, with one correlation id.
//
// On a terminal a line is for people: the few values one compares, always in the same order. Otherwise it is a JSON object
// with everything the event carries, under the names the protocol uses.
package eventlog
