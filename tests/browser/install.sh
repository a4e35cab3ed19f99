#!/bin/sh
# Installs Debian's chromium where there is none and that is ours to do; else says plainly what is missing.
set -eu
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
if [ -n "${APPTRAIL_CHROMIUM:-}" ]; then exit 0; fi
packages="chromium fonts-dejavu-core"
install() { DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $packages >/dev/null; }
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing $packages for the tests in a browser (about a quarter of a minute)" >&2
  if install || { apt-get update -qq && install; }; then exit 0; fi
fi
echo "No chromium: the tests in a browser will be SKIPPED. As root: apt-get install $packages" >&2
