# SPDX-License-Identifier: MIT
# What is wrong with a bill of materials, line by line; nothing, if it is as SPDX 2.3 wants it and
# tells all of its packages and files that a reader of keyward's may ask for.
#   jq -r -f sbom.jq keyward-VERSION.spdx.json

def members($what; $wanted):
    if type != "object" then "\($what) is no object"
    else (keys as $found
        | ($wanted - $found | .[] | "\($what) has no \(.)"),
          ($found - $wanted | .[] | "\($what) has a \(.), which is not expected")) end;

def shape($what; $pattern):
    if type != "string" or (test("^(" + $pattern + ")$") | not)
    then "\($what) is \(tojson)" else empty end;

def checksums($what; $algorithms):
    if map(.algorithm) != $algorithms then "\($what) has the sums \(map(.algorithm) | tojson)"
    else .[]
        | members("a sum of \($what)"; ["algorithm", "checksumValue"]),
          (.checksumValue as $value | {SHA1: 40, SHA256: 64}[.algorithm] as $digits
              | $value | shape("a sum of \($what)"; "[0-9a-f]{\($digits)}")) end;

def licence($what):
    shape($what; "MIT|ISC|blessing|LGPL-2.1-or-later");

def document:
    members("the document"; ["SPDXID", "creationInfo", "dataLicense", "documentNamespace", "files",
        "name", "packages", "relationships", "spdxVersion"]),
    (.SPDXID | shape("the document"; "SPDXRef-DOCUMENT")),
    (.spdxVersion | shape("the version of SPDX"; "SPDX-2\\.3")),
    (.dataLicense | shape("the licence of the document"; "CC0-1\\.0")),
    (.documentNamespace | shape("the name space"; "https://[^# ]+")),
    (.creationInfo
        | members("the creation"; ["created", "creators"]),
          (.created | shape("the time"; "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")),
          (.creators[] | shape("a creator"; "(Person|Organization|Tool): .+")));

def package:
    "package \(.name)" as $what
    | (["SPDXID", "copyrightText", "downloadLocation", "filesAnalyzed", "licenseConcluded",
        "licenseDeclared", "name", "versionInfo"] as $all
        | if .filesAnalyzed
          then members($what; $all + ["checksums", "licenseInfoFromFiles", "packageFileName",
              "packageVerificationCode"])
          elif has("packageFileName") then members($what; $all + ["checksums", "packageFileName"])
          else members($what; $all + ["comment"]) end),
      (.versionInfo | shape("the version of \($what)"; "(>= )?[0-9]+(\\.[0-9]+)+")),
      (.downloadLocation | shape("the source of \($what)"; "NOASSERTION|https://.+")),
      (.licenseConcluded, .licenseDeclared | licence("the licence of \($what)")),
      (select(has("checksums")) | .checksums | checksums($what; ["SHA256"])),
      (select(.filesAnalyzed) | .packageVerificationCode.packageVerificationCodeValue
          | shape("the code of \($what)"; "[0-9a-f]{40}"));

def file:
    .fileName as $what
    | members($what; ["SPDXID", "checksums", "copyrightText", "fileName", "licenseConcluded",
          "licenseInfoInFiles"]),
      (.fileName | shape("a file"; "\\./.+")),
      (.licenseConcluded | licence("the licence of \($what)")),
      (.checksums | checksums($what; ["SHA1", "SHA256"]));

def relationship($elements):
    members("a relationship"; ["relatedSpdxElement", "relationshipType", "spdxElementId"]),
    (.relationshipType | shape("a relationship";
        "DESCRIBES|CONTAINS|DEPENDS_ON|OPTIONAL_DEPENDENCY_OF|GENERATED_FROM")),
    (.spdxElementId, .relatedSpdxElement
        | select($elements[.] | not) | "a relationship is with \(.), which is not there");

def related($from; $type; $to):
    any(.relationships[]; . == {spdxElementId: "SPDXRef-\($from)", relationshipType: $type,
        relatedSpdxElement: "SPDXRef-\($to)"});

def wanted:
    (["DOCUMENT", "DESCRIBES", "keyward"], ["keyward", "DEPENDS_ON", "SQLite"],
     ["keyward", "DEPENDS_ON", "libsodium"], ["jansson", "OPTIONAL_DEPENDENCY_OF", "keyward"],
     ["libmicrohttpd", "OPTIONAL_DEPENDENCY_OF", "keyward"]);

([.SPDXID, .packages[].SPDXID, .files[].SPDXID] | map({key: ., value: true}) | from_entries)
    as $elements
| document,
  (.packages[] | package),
  (.files[] | file),
  ([.SPDXID, .packages[].SPDXID, .files[].SPDXID] | group_by(.)[] | select(length > 1)
      | "\(.[0]) stands for \(length) things"),
  ($elements | keys[] | shape("an id"; "SPDXRef-[A-Za-z0-9.-]+")),
  (.relationships[] | relationship($elements)),
  (. as $all | wanted | . as [$from, $type, $to]
      | select($all | related($from; $type; $to) | not) | "it is not said: \(join(" "))"),
  ([.relationships[] | select(.relationshipType == "CONTAINS") | .relatedSpdxElement]
      as $contained
      | ([.files[].SPDXID] - $contained)[] | "no package contains \(.)")
