#!/usr/bin/env bash
# Installs the shared libraries that MediaPipe and OpenCV load, where they are missing and apt can.
# Without them only `incarnate track` fails, with an error that names the library.
set -euo pipefail

packages=()
while read -r library package; do
  ldconfig -p 2>/dev/null | grep -q "$library" || packages+=("$package")
done <<'LIST'
libEGL.so.1 libegl1
libGLESv2.so.2 libgles2
libGL.so.1 libgl1
LIST

if [ ${#packages[@]} -eq 0 ] || ! command -v ldconfig >/dev/null; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "tracking needs the libraries of these Debian packages: ${packages[*]}" >&2
  exit 0
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "tracking needs: sudo apt-get install ${packages[*]}" >&2
    exit 0
  fi
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}"
