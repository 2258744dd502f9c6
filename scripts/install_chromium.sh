#!/usr/bin/env bash
# Installs Debian's Chromium for the tests of the viewer, where it is missing and apt can.
set -euo pipefail

if [ -n "${INCARNATE_CHROMIUM:-}" ] || command -v chromium chromium-browser google-chrome >/dev/null; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "the viewer's tests need Chromium: install it, or name one in INCARNATE_CHROMIUM" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo -n)
fi
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends chromium
