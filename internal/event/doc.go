// Package event carries what happens in the protocol to whoever wants to watch.
//
// Every step of the protocol (an authorization request, a token response, the page noticing that its access token is
// about to expire) is one [Event]. The roles emit events on a [Bus]; the log, the sequence view and whatever comes later
// subscribe to it. Nobody who emits waits for anybody who reads: a reader that is too slow misses events and is told how many.
//
// One correlation id runs through all events of one renewal: the page invents it, sends it with the authorization request,
// the token request, the userinfo request and the API call that follows, and every role repeats it in its events.
//
// An event never carries a secret. Parameters go through [Mask], which keeps what the learner should see (prompt, state,
// nonce, code_challenge) and hides what would let a reader of the log act for the user (code, code_verifier, tokens, passwords).
package event
