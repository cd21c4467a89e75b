#!/bin/sh
# Copies the pinned releases of our third-party libraries into this folder and prints their checksums for README.md.
# Usage: static/third_party/refresh.sh   (needs npm; run through `make third-party`)
# To move to another release, change its version here and in README.md and read its changes first.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() { # name@version → $work/<folder>/package
	mkdir -p "$work/$2"
	(cd "$work/$2" && npm pack --silent "$1" >/dev/null && tar -xzf ./*.tgz)
}

copy() { # folder, then pairs of source and target
	folder=$1; shift
	mkdir -p "$here/$folder"
	while [ $# -gt 0 ]; do
		cp "$work/$folder/package/$1" "$here/$folder/$2"
		shift 2
	done
}

fetch oidc-client-ts@3.5.0 oidc-client-ts
copy oidc-client-ts LICENSE LICENSE dist/esm/oidc-client-ts.js oidc-client-ts.js dist/types/oidc-client-ts.d.ts oidc-client-ts.d.ts

fetch jwt-decode@4.0.0 jwt-decode
copy jwt-decode LICENSE LICENSE build/esm/index.js jwt-decode.js build/esm/index.d.ts jwt-decode.d.ts

fetch htmx.org@4.0.1 htmx
copy htmx LICENSE LICENSE dist/htmx.esm.min.js htmx.esm.min.js dist/htmx.d.ts htmx.d.ts

fetch js-sha256@0.11.1 js-sha256 # the last release in ECMAScript 5
copy js-sha256 LICENSE.txt LICENSE.txt build/sha256.min.js sha256.min.js

# Of jose, what checks a signature: two modules of its public interface and what they import.
fetch jose@6.2.18 jose
copy jose LICENSE.md LICENSE.md
for file in jws/compact/verify jwks/local lib/buffer_utils lib/jws_algorithms lib/jws_verify lib/key lib/key_descriptor lib/validate util/base64url util/errors; do
	mkdir -p "$here/jose/$(dirname "$file")"
	copy jose "dist/webapi/$file.js" "$file.js"
done
for file in types jws/compact/verify jwks/local util/errors; do
	copy jose "dist/types/$file.d.ts" "$file.d.ts"
done

cd "$here" && find . -name '*.js' | sort | sed 's|^\./||' | xargs sha256sum
