// SPDX-License-Identifier: MIT
// Reads what `llvm-cov export` tells of the library and prints what no test has taken: branches, and
// conditions that never decided by themselves (MC/DC). Fails unless each such place is marked in the
// code, and if a mark has outlived its reason:
//   /* not covered: REASON */         what no test can reach
//   /* covered by chance: REASON */   what only a race between threads reaches
// A mark stands behind the code it is about, or in front of it.
// With a third argument, per cent, it fails only when less of the branches, or of the conditions, is
// taken or marked; what is missed is printed all the same.
//   node report.mjs EXPORT.json SOURCE-FOLDER [PER-CENT]
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const [exportFile, folder, needed = 100] = process.argv.slice(2);
const told = JSON.parse(readFileSync(exportFile, 'utf8')).data[0];
const problems = [], faultyMarks = [];

// ---- marks ----

const MARK = /\/\*\s*(not covered|covered by chance):\s*((?:[^*]|\*(?!\/))*)\*\//g;

function readMarks(file) {
    const text = readFileSync(file, 'utf8');
    const lineOf = (offset) => text.slice(0, offset).split('\n').length;
    return [...text.matchAll(MARK)].map((match) => {
        const before = text.slice(text.lastIndexOf('\n', match.index) + 1, match.index);
        const line = lineOf(match.index);
        if (match[2].trim() === '')
            faultyMarks.push({ file, line, column: before.length + 1, what: 'a mark without a reason' });
        return {
            file, line, byChance: match[1] === 'covered by chance', used: false,
            about: before.trim() ? line : lineOf(match.index + match[0].length) + 1,
        };
    });
}

const marks = new Map();

function marksOf(file) {
    if (!marks.has(file))
        marks.set(file, readMarks(file));
    return marks.get(file);
}

// Whether one of these lines is marked, which uses the mark.
function isMarked(file, lines) {
    const found = marksOf(file).filter((mark) => lines.includes(mark.about));
    for (const mark of found)
        mark.used = true;
    return found.length > 0;
}

// ---- what the export tells; a function of a header is in it once for each file that includes it ----

const key = (file, place) => [file, ...place.slice(0, 4)].join(':');
const within = (inner, outer) => inner.file === outer.file &&
    (inner.line > outer.line || (inner.line === outer.line && inner.column >= outer.column)) &&
    (inner.line < outer.endLine || (inner.line === outer.endLine && inner.column < outer.endColumn));

function place(file, [line, column, endLine, endColumn]) {
    return { file, line, column, endLine, endColumn };
}

const branches = new Map(), decisions = new Map(), functions = new Map();

for (const { filenames, regions, branches: taken, mcdc_records: records, name, count } of told.functions) {
    const here = key(filenames[0], regions[0]);
    const known = functions.get(here) ?? { ...place(filenames[0], regions[0]), name, count: 0 };
    known.count += count;
    functions.set(here, known);
    for (const branch of taken) {
        const file = filenames[branch[6]];
        const known = branches.get(key(file, branch)) ?? { ...place(file, branch), yes: 0, no: 0 };
        known.yes += branch[4];
        known.no += branch[5];
        branches.set(key(file, branch), known);
    }
    for (const record of records) {
        const file = filenames[record[4]], decided = record[6];
        const known = decisions.get(key(file, record)) ??
            { ...place(file, record), decided: decided.map(() => false) };
        known.decided = known.decided.map((yes, index) => yes || decided[index]);
        decisions.set(key(file, record), known);
    }
}

// ---- the figures ----

const byPlace = (one, other) => one.line - other.line || one.column - other.column;
const figures = {
    functions: { all: 0, covered: 0, marked: 0 },
    branches: { all: 0, covered: 0, marked: 0 },
    conditions: { all: 0, covered: 0, marked: 0 },
};

function count(kind, isCovered, where, outer, what) {
    figures[kind].all++;
    if (isCovered)
        figures[kind].covered++;
    else if (isMarked(where.file, [where.line, outer.line]))
        figures[kind].marked++;
    else
        problems.push({ ...where, what });
}

const inFolder = (thing) => !relative(folder, thing.file).startsWith('..');
const ownFunctions = [...functions.values()].filter(inFolder);
const ownBranches = [...branches.values()].filter(inFolder);
const ownDecisions = [...decisions.values()].filter(inFolder);

for (const one of ownFunctions)
    count('functions', one.count > 0, one, one, `never called: ${one.name}`);
for (const branch of ownBranches) {
    const outer = ownDecisions.find((decision) => within(branch, decision));
    count('branches', branch.yes > 0, branch, outer ?? branch, 'never true');
    count('branches', branch.no > 0, branch, outer ?? branch, 'never false');
}
for (const decision of ownDecisions) {
    const conditions = ownBranches.filter((branch) => within(branch, decision)).sort(byPlace);
    decision.decided.forEach((decided, index) => {
        const where = conditions.length === decision.decided.length ? conditions[index] : decision;
        count('conditions', decided, where, decision,
            `condition ${index + 1} of ${decision.decided.length} never decides alone`);
    });
}

for (const file of new Set(ownFunctions.map((one) => one.file)))
    for (const mark of marksOf(file))
        if (!mark.used && !mark.byChance)
            faultyMarks.push({ ...mark, column: 1, what: 'a mark where nothing is missed' });

problems.push(...faultyMarks);
problems.sort((one, other) => one.file.localeCompare(other.file) || byPlace(one, other));
for (const { file, line, column, what } of problems)
    console.log(`${relative(process.cwd(), file)}:${line}:${column}: ${what}`);

const number = (value) => value.toLocaleString('en');
console.log(Object.entries(figures).map(([kind, { all, covered, marked }]) =>
    `${kind} ${number(covered)} of ${number(all)}` + (marked ? `, ${number(marked)} marked` : '')).join('; '));
if (figures.branches.all === 0)
    console.log('nothing was measured');
const holds = [figures.branches, figures.conditions].every(({ all, covered, marked }) =>
    (covered + marked) * 100 >= all * Number(needed));
const fails = Number(needed) === 100 ? problems.length > 0 : faultyMarks.length > 0 || !holds;
process.exitCode = fails || figures.branches.all === 0 ? 1 : 0;
