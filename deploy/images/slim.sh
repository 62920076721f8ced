#!/bin/sh
# Takes out of SITE_PACKAGES what only developers of the packages need: their tests, type stubs, headers, debug symbols.
set -eu
cd "$1"
find . -type d -name tests -prune -exec rm -r {} +
find . -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' -o -name '*.a' \) -delete
# Not the libraries that wheels bundle in *.libs: their sections were moved, and strip would break them.
find . -type f -name '*.so' -not -path '*.libs/*' -exec strip --strip-unneeded {} +
