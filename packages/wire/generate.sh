#!/usr/bin/env bash
# Generates src/gen/ from proto/: TypeScript, and the descriptor set that server reflection serves.
# Needs nothing but the npm packages. `make gen` runs it when a contract has changed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PATH="$here/../../node_modules/.bin:$PATH"
cd "$here/../../proto"
buf generate
buf build -o "$here/src/gen/descriptors.binpb"
