// Package serve listens, serves and stops.
//
// Listening comes first, so that a taken port is known before anything is created and port 0 has its number before the
// public URLs are made from it. "localhost" means both loopback addresses, because browsers try ::1 first.
//
// [Run] serves every site until its context ends, then drains: no new connections, requests under way may finish. A stream of
// server-sent events never finishes by itself; who serves one must end it when the same context ends.
//
// Every server has limits on header time, body time, idle time, header size and response time. A stream that lives
// longer than the response time extends its own deadline with [http.ResponseController].
package serve
