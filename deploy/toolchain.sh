#!/usr/bin/env bash
# Brings the pinned Node and pnpm into .toolchain/ when the machine's own Node is older.
# Prints the folder to put first on PATH. A crash half way leaves .toolchain without its stamp,
# so the next run starts over.
set -euo pipefail
cd "$(dirname "$0")/.."

NODE_VERSION=26.10.0
PNPM_VERSION=12.21.0
STAMP="node-$NODE_VERSION pnpm-$PNPM_VERSION"
TOOLS="$PWD/.toolchain"

if [ "$(cat "$TOOLS/stamp" 2>/dev/null)" != "$STAMP" ]; then
  platform=$(uname -s | tr '[:upper:]' '[:lower:]')
  case "$(uname -m)" in x86_64) arch=x64 ;; aarch64 | arm64) arch=arm64 ;; *) echo "no Node package for $(uname -m)" >&2; exit 1 ;; esac
  rm -rf "$TOOLS"
  mkdir -p "$TOOLS/bin"
  printf '{"private":true}\n' >"$TOOLS/package.json"
  npm install --prefix "$TOOLS" --no-audit --no-fund --no-package-lock --loglevel=error \
    "node-$platform-$arch@$NODE_VERSION" "pnpm@$PNPM_VERSION" >&2
  ln -s "../node_modules/node-$platform-$arch/bin/node" "$TOOLS/bin/node"
  printf '#!/bin/sh\nexec "%s/bin/node" "%s/node_modules/pnpm/bin/pnpm.mjs" "$@"\n' "$TOOLS" "$TOOLS" >"$TOOLS/bin/pnpm"
  chmod +x "$TOOLS/bin/pnpm"
  printf '%s' "$STAMP" >"$TOOLS/stamp"
fi
printf '%s\n' "$TOOLS/bin"
