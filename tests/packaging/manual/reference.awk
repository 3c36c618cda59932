# SPDX-License-Identifier: MIT
# Compares the manual with the header, which is read first:
# - each function stands in the NAME of one page, and in its SYNOPSIS with the header's prototype;
# - each struct and enum stands in one page as the header has it;
# - each constant of the header is named in some page, and no page names another, or a function that
#   there is not;
# - each status that a function's comment has after @return is in the RETURN VALUES of its page, and
#   what is there is in such a comment, or is one that every function may return.

function complain(text) {
    print text > "/dev/stderr"
    wrong = 1
}

# White space counts only where it keeps words apart.
function normal(text) {
    gsub(/[ \t\n]+/, " ", text)
    gsub(/ *\( */, "(", text)
    gsub(/ *\) */, ")", text)
    gsub(/ *, */, ",", text)
    gsub(/ *; */, ";", text)
    gsub(/ *\* */, "*", text)
    gsub(/ *[{] */, "{", text)
    gsub(/,? *[}] */, "}", text)
    gsub(/^ | $/, "", text)
    return text
}

function count_of(text, character,    copy) {
    copy = text
    return gsub(character, "", copy)
}

# Notes each constant that the text names, as what `about` says or as one that the function `about`
# returns.
function each_constant(text, about,    word) {
    while (match(text, /KEYWARD_[A-Z0-9_]*[A-Z0-9]/)) {
        word = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        if (about == "value")
            is_constant[word] = 1
        else if (about == "status")
            is_constant[word] = is_status[word] = 1
        else if (about == "page")
            name_constant(word)
        else
            returns[about, word] = 1
    }
}

# ---- the header ----

function read_declaration(code, comment,    name) {
    sub(/^KEYWARD_API (KEYWARD_MUST_CHECK )?/, "", code)
    name = code
    sub(/ *\(.*/, "", name)
    sub(/.*[ *]/, "", name)
    prototype[name] = normal(code)
    if (match(comment, /@return.*/))
        comment = substr(comment, RSTART)
    else
        comment = ""
    each_constant(comment, name)
    if (match(comment, /@return as keyward_[a-z_]+/))
        returns_as[name] = substr(comment, RSTART + 11, RLENGTH - 11)
}

function read_statement(code, comment,    name) {
    gsub(/[ \t\n]+/, " ", code)
    sub(/^ /, "", code)
    if (code ~ /^KEYWARD_API /)
        read_declaration(code, comment)
    if (code !~ /^(typedef struct|enum) [a-z_]+ [{]/)
        return
    name = code
    sub(/^typedef /, "", name)
    sub(/ [{].*/, "", name)
    definition[name] = normal(code ";")
    if (name ~ /^enum/)
        each_constant(code, name == "enum keyward_status" ? "status" : "value")
}

# Takes statements from the front of `code`, which begins after `comment`; gives back the rest.
function read_code(code, comment,    end, whole) {
    whole = ""
    while ((end = index(code, ";"))) {
        whole = whole substr(code, 1, end - 1)
        code = substr(code, end + 1)
        if (count_of(whole, "[{]") == count_of(whole, "[}]")) {
            read_statement(whole, comment)
            whole = ""
        } else {
            whole = whole ";"
        }
    }
    return whole code
}

function read_header(text,    begin, end, remark, code, comment) {
    code = comment = ""
    while ((begin = index(text, "/*"))) {
        code = read_code(code substr(text, 1, begin - 1), comment)
        text = substr(text, begin + 2)
        end = index(text, "*/")
        remark = substr(text, 1, end - 1)
        text = substr(text, end + 2)
        if (code ~ /^[ \t\n]*$/)
            comment = remark
    }
    read_code(code text, comment)
}

FNR == NR && /^#define KEYWARD_/ {
    if ($2 !~ /^KEYWARD_(H|API|MUST_CHECK)$/)
        each_constant($2, "value")
    continued = /\\$/
    next
}
FNR == NR && continued {
    continued = /\\$/
    next
}
FNR == NR {
    if ($0 !~ /^#|^extern "C"/)
        header = header $0 "\n"
    next
}
FNR == 1 {
    if (header)
        read_header(header)
    header = ""
    page = FILENAME
    sub(/.*\//, "", page)
    section = literal = ""
}

# ---- the pages ----

function name_constant(word) {
    named[word] = 1
    if (!(word in is_constant))
        complain(page ": the header has no " word)
    if (section == "RETURN VALUES" && (word in is_status))
        returned[page, word] = 1
}

function check_prototype(name, found) {
    if (!(name in prototype))
        complain(page ": the header does not declare " name)
    else if (normal(found) != prototype[name])
        complain(page ": " name " is not as the header declares it: " found)
    if (name in page_of)
        complain(name " has two prototypes, in " page_of[name] " and in " page)
    page_of[name] = page
    if (name_in[name] != page)
        complain(page ": " name " is missing in NAME")
}

function check_type(found,    name) {
    name = found
    sub(/^typedef /, "", name)
    sub(/ [{].*/, "", name)
    if (normal(found) != definition[name])
        complain(page ": " name " is not as the header defines it")
    if (name in type_in)
        complain(name " is defined twice, in " type_in[name] " and in " page)
    type_in[name] = page
}

!/^\.Dt / { each_constant($0, "page") }
/^\.Sh / { section = substr($0, 5) }
/^\.Nm keyward_/ {
    name_in[$2] = page
    if (!($2 in prototype))
        complain(page ": NAME has " $2 ", which the header does not declare")
}
/^\.F[no] keyward_[a-z_]+( |$)/ && !($2 in prototype) {
    complain(page ": the header does not declare " $2)
}
section == "SYNOPSIS" && /^\.Ft / { type = substr($0, 5) }
section == "SYNOPSIS" && /^\.Fn / {
    arguments = $0
    sub(/^\.Fn [^ ]* */, "", arguments)
    gsub(/" "/, ", ", arguments)
    gsub(/"/, "", arguments)
    check_prototype($2, type " " $2 "(" arguments ")")
}
section == "SYNOPSIS" && /^\.Fo / { open = $2; arguments = "" }
section == "SYNOPSIS" && /^\.Fa / {
    arguments = arguments (arguments ? ", " : "") substr($0, 5)
    gsub(/"/, "", arguments)
}
section == "SYNOPSIS" && /^\.Fc/ { check_prototype(open, type " " open "(" arguments ")") }

/^\.Bd -literal/ { literal = " "; next }
/^\.Ed/ {
    if (literal ~ /^ (typedef struct|enum) keyward_[a-z_]+ [{]/)
        check_type(substr(literal, 2))
    literal = ""
}
literal { literal = literal $0 "\n" }

# ---- both ----

function returns_status(name, status) {
    return (name, status) in returns ||
           ((name in returns_as) && ((returns_as[name], status) in returns))
}

function check_returns(name,    status) {
    for (status in is_status) {
        if (!returns_status(name, status))
            continue
        allowed[page_of[name], status] = 1
        if (!((page_of[name], status) in returned))
            complain(page_of[name] ": " name " can return " status ", which RETURN VALUES lacks")
    }
}

END {
    if (header)
        complain("there are no pages")
    for (name in prototype) {
        if (name in page_of)
            check_returns(name)
        else
            complain(name " is in no page")
    }
    for (name in definition) {
        if (!(name in type_in))
            complain(name " is in no page")
    }
    for (word in is_constant) {
        if (!(word in named))
            complain(word " is in no page")
    }
    everywhere = " INVALID FORKED WRONG_MASTER_KEY IO FULL BUSY NOMEM CORRUPT READ_ONLY "
    for (pair in returned) {
        split(pair, part, SUBSEP)
        if (part[1] == "keyward.3" || pair in allowed)
            continue
        if (!index(everywhere, " " substr(part[2], 9) " "))
            complain(part[1] ": no function there returns " part[2])
    }
    exit wrong
}
