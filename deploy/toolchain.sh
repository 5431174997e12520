#!/usr/bin/env bash
# Brings the pinned Node and pnpm into .toolchain/ through npm, and prints the folder to put first
# on PATH. Needs bash and npm, whatever the machine's own Node is.
#
# A crash half way leaves .toolchain without its stamp, so the next run starts over. Two runs at
# once are safe: each builds in a folder of its own and the last rename wins.
set -euo pipefail
cd "$(dirname "$0")/.."

NODE_VERSION=26.10.0
PNPM_VERSION=12.21.0
STAMP="node-$NODE_VERSION pnpm-$PNPM_VERSION"
TOOLS="$PWD/.toolchain"

die() {
  echo "toolchain: $*" >&2
  exit 1
}

bring() {
  local platform arch new
  command -v npm >/dev/null || die "npm is missing; on Debian: apt-get install npm"
  platform=$(uname -s | tr '[:upper:]' '[:lower:]')
  case "$platform" in linux | darwin) ;; *) die "no Node package for $platform" ;; esac
  case "$(uname -m)" in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) die "no Node package for $(uname -m)" ;;
  esac

  new=$(mktemp -d "$TOOLS.new.XXXXXX")
  # Expanded now: `new` is local and the trap runs after this function has returned.
  # shellcheck disable=SC2064
  trap "rm -rf '$new'" EXIT
  chmod 755 "$new" # mktemp makes it 0700, and Postgres runs as another user
  mkdir "$new/bin"
  printf '{"private":true}\n' >"$new/package.json"
  echo "toolchain: bringing Node $NODE_VERSION and pnpm $PNPM_VERSION" >&2
  npm install --prefix "$new" --no-save --no-audit --no-fund --no-package-lock --loglevel=error \
    "node-$platform-$arch@$NODE_VERSION" "pnpm@$PNPM_VERSION" >&2 ||
    die "npm could not fetch node-$platform-$arch@$NODE_VERSION and pnpm@$PNPM_VERSION"
  ln -s "../node_modules/node-$platform-$arch/bin/node" "$new/bin/node"
  # Finds its neighbours by its own place, so that a moved or copied checkout goes on working.
  cat >"$new/bin/pnpm" <<'PNPM'
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/node" "$here/../node_modules/pnpm/bin/pnpm.mjs" "$@"
PNPM
  chmod +x "$new/bin/pnpm"
  "$new/bin/node" --version >/dev/null || die "Node $NODE_VERSION does not run on this machine"
  printf '%s' "$STAMP" >"$new/stamp"

  rm -rf "$TOOLS"
  # With another run's finished folder in place, mv would move into it instead.
  if [ -d "$TOOLS" ]; then rm -rf "$new"; else mv "$new" "$TOOLS"; fi
}

[ "$(cat "$TOOLS/stamp" 2>/dev/null)" = "$STAMP" ] || bring
printf '%s\n' "$TOOLS/bin"
