#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the bill of materials of a release, as SPDX 2.3 in JSON: each file of its archive, what the
# amalgamation was made of, and what keyward needs, with the oldest version that will do.
#   release/sbom.sh SOURCE-FOLDER ARCHIVE AMALGAMATION CREATED
set -eu
export LC_ALL=C
source=$1 archive=$2 amalgamation=$3 created=$4
version=$(sed -n 's/^#define KEYWARD_VERSION "\(.*\)"/\1/p' "$source/include/keyward/keyward.h")
copyright=$(sed -n '/^Copyright/{p;q;}' "$source/LICENSE")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sha256() { # sha256 FILE
    sha256sum -- "$1" | cut -c 1-64
}

# ---- what it needs: said once each, where the build looks for it ----

minimum() { # minimum PATTERN FILE: the version that it captures
    found=$(sed -n "s/^$1.*/\\1/p" "$source/$2")
    [ -n "$found" ] || {
        echo "sbom: $2 names no version by '$1'" >&2
        exit 1
    }
    echo "$found"
}
sqlite=$(minimum '#define KEYWARD_SQLITE_MIN *"\([0-9.]*\)"' include/keyward/keyward.h)
sodium=$(minimum '#define KEYWARD_SODIUM_MIN *"\([0-9.]*\)"' include/keyward/keyward.h)
jansson=$(minimum ' *pkg_check_modules(.* jansson>=\([0-9.]*\))' CMakeLists.txt)
microhttpd=$(minimum ' *pkg_check_modules(.* libmicrohttpd>=\([0-9.]*\))' \
    examples/http-server/CMakeLists.txt)

needed() { # needed NAME LICENCE VERSION COMMENT
    cat <<END_OF_PACKAGE
    {
      "SPDXID": "SPDXRef-$1",
      "name": "$1",
      "versionInfo": ">= $3",
      "downloadLocation": "NOASSERTION",
      "filesAnalyzed": false,
      "licenseConcluded": "$2",
      "licenseDeclared": "$2",
      "copyrightText": "NOASSERTION",
      "comment": "$4"
    }
END_OF_PACKAGE
}

# ---- what is in it ----

cd -- "$source"
find . -type f | sort | tr '\n' '\0' >"$work/names"
xargs -0 sha1sum -- <"$work/names" >"$work/sha1"
xargs -0 sha256sum -- <"$work/names" >"$work/sha256"
xargs -0 grep -l 'SPDX-License-Identifier: MIT' -- <"$work/names" >"$work/says_so"
cd -- "$OLDPWD"
# SPDX 2.3, 7.9: the hash of all files' hashes, in order.
verification=$(cut -c 1-40 "$work/sha1" | sort | tr -d '\n' | sha1sum | cut -c 1-40)

list_files() {
    awk -v sums="$work/sha256" -v says_so="$work/says_so" '
        BEGIN { while ((getline name < says_so) > 0) licences[name] = "MIT" }
        {
            getline sum < sums
            name = substr($0, 43)
            if (name != substr(sum, 67) || name ~ /["\\]/) {
                print "sbom: " name " is no name for JSON" > "/dev/stderr"
                exit 1
            }
            printf "%s    {\n", (NR > 1 ? ",\n" : "")
            printf "      \"SPDXID\": \"SPDXRef-File-%d\",\n", NR
            printf "      \"fileName\": \"%s\",\n", name
            printf "      \"checksums\": [\n"
            printf "        { \"algorithm\": \"SHA1\", \"checksumValue\": \"%s\" },\n", $1
            printf "        { \"algorithm\": \"SHA256\", \"checksumValue\": \"%s\" }\n", substr(sum, 1, 64)
            printf "      ],\n"
            printf "      \"licenseConcluded\": \"MIT\",\n"
            printf "      \"licenseInfoInFiles\": [\"%s\"],\n", (name in licences ? "MIT" : "NONE")
            printf "      \"copyrightText\": \"NOASSERTION\"\n    }"
        }
        END { print "" }' "$work/sha1"
}

related() { # related ELEMENT RELATIONSHIP ELEMENT
    printf '    { "spdxElementId": "SPDXRef-%s", "relationshipType": "%s",' "$1" "$2"
    printf ' "relatedSpdxElement": "SPDXRef-%s" }' "$3"
}

relate() {
    for described in keyward keyward-amalgamation; do
        related DOCUMENT DESCRIBES $described
        echo ,
    done
    related keyward-amalgamation GENERATED_FROM keyward
    for library in SQLite libsodium; do
        echo ,
        related keyward DEPENDS_ON $library
        echo ,
        related keyward-amalgamation DEPENDS_ON $library
    done
    for library in jansson libmicrohttpd; do
        echo ,
        related $library OPTIONAL_DEPENDENCY_OF keyward
    done
    awk '{
        printf ",\n    { \"spdxElementId\": \"SPDXRef-keyward\", \"relationshipType\": \"CONTAINS\","
        printf " \"relatedSpdxElement\": \"SPDXRef-File-%d\" }", NR
    } END { print "" }' "$work/sha1"
}

cat <<END_OF_DOCUMENT
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "keyward-$version",
  "documentNamespace": "https://spdx.org/spdxdocs/keyward-$version-$(sha256 "$archive")",
  "creationInfo": {
    "created": "$created",
    "creators": ["Organization: The keyward authors", "Tool: keyward-release-$version"]
  },
  "packages": [
    {
      "SPDXID": "SPDXRef-keyward",
      "name": "keyward",
      "versionInfo": "$version",
      "packageFileName": "$archive",
      "downloadLocation": "NOASSERTION",
      "checksums": [{ "algorithm": "SHA256", "checksumValue": "$(sha256 "$archive")" }],
      "filesAnalyzed": true,
      "packageVerificationCode": { "packageVerificationCodeValue": "$verification" },
      "licenseConcluded": "MIT",
      "licenseDeclared": "MIT",
      "licenseInfoFromFiles": ["MIT"],
      "copyrightText": "$copyright"
    },
    {
      "SPDXID": "SPDXRef-keyward-amalgamation",
      "name": "keyward-amalgamation",
      "versionInfo": "$version",
      "packageFileName": "$amalgamation",
      "downloadLocation": "NOASSERTION",
      "checksums": [{ "algorithm": "SHA256", "checksumValue": "$(sha256 "$amalgamation")" }],
      "filesAnalyzed": false,
      "licenseConcluded": "MIT",
      "licenseDeclared": "MIT",
      "copyrightText": "$copyright"
    },
$(needed SQLite blessing "$sqlite" 'what a store is kept in'),
$(needed libsodium ISC "$sodium" 'what secrets are sealed with'),
$(needed jansson MIT "$jansson" 'for the keyward command and the HTTP server among the examples'),
$(needed libmicrohttpd LGPL-2.1-or-later "$microhttpd" 'for the HTTP server among the examples')
  ],
  "files": [
$(list_files)
  ],
  "relationships": [
$(relate)
  ]
}
END_OF_DOCUMENT
