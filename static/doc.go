// Package static carries what browsers load: style sheets, JavaScript modules and pinned third-party copies.
//
// Everything is embedded into the binary and served as it was written: there is no bundler and no transpiler, so what a
// learner reads in the browser's developer tools is the file in this folder. Types live in JSDoc and are checked by
// `tsc -p static` (see tsconfig.json).
//
//   - css/ holds tokens.css (palette and intents), base.css (the elements) and one file per component.
//   - js/ holds the modules; app.js and silent-callback.js are the entry modules of the front end, idp-*.js belong to the provider's pages.
//   - third_party/ holds the libraries with licence, version and checksum (third_party/README.md).
//
// [Handler] serves them; [Files.URL] gives a file's address with a fingerprint, which browsers may keep for a year.
package static
