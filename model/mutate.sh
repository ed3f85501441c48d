#!/usr/bin/env bash
# Breaks the rules and the wait-for graph on purpose, one condition at a time, and counts what the tests notice.
# Run from anywhere; prints each change that no test noticed, and the score. Needs perl. Give paths (from model/src)
# to break only these: model/mutate.sh rules/deadlock.rs
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=${TASKSCOPE_MUTANTS:-$root/target/mutants}
files=("$@")
if [ ${#files[@]} -eq 0 ]; then
    mapfile -t files < <(cd model/src && ls rules/*.rs graph/*.rs | grep -v -e tests -e laws -e testing -e docs -e words)
fi

# A workspace of its own, so that what is broken is never in the way of anybody.
mkdir -p "$work"
rm -rf "$work/model"
cp -r model .cargo Cargo.lock "$work/"
sed 's/^members = .*/members = ["model"]/; /^exclude/d' Cargo.toml > "$work/Cargo.toml"
cd "$work"
cargo_test() { PROPTEST_CASES=32 timeout "$1" cargo test --offline --quiet -p taskscope-model --lib "${@:2}" >"$work/out" 2>&1; }
builds() { cargo_test 300 --no-run; }
# A loop that does not end any more is noticed too.
passes() { cargo_test 30 -- --skip tests::large::; }
builds && passes || { echo "the tests fail before anything is broken:"; tail -20 "$work/out"; exit 1; }

# One change for each operator in code, tests and comments left out: FILE, LINE, which one on the line, what to put there.
mutants() {
    perl -ne '
        last if /^#\[cfg\(test\)\]/;
        next if m{^\s*(//|#\[|use |pub use |mod )} or /^\s*"/;
        my %to = (" >= " => " > ", " > " => " >= ", " <= " => " < ", " < " => " <= ", " == " => " != ", " != " => " == ",
            " && " => " || ", " || " => " && ", ".any(" => ".all(", ".all(" => ".any(", "is_none()" => "is_some()",
            "is_some()" => "is_none()", " + " => " - ", " - " => " + ", "true" => "false", "false" => "true",
            ".min(" => ".max(", ".max(" => ".min(", "if !" => "if ", "&& !" => "&& ", "|| !" => "|| ", " += " => " -= ");
        my $line = $_; my $code = $line; $code =~ s/"[^"]*"/"." x length($&)/ge;
        for my $from (sort keys %to) {
            my $at = 0;
            while (($at = index($code, $from, $at)) >= 0) {
                # Generic bounds and arrows are no comparisons.
                print join("\t", $., $at, $from, $to{$from}), "\n";
                $at += length $from;
            }
        }' "$1"
}

noticed=0
missed=0
for file in "${files[@]}"; do
    path=model/src/$file
    while IFS=$'\t' read -r line at from to; do
        cp "$root/$path" "$path"
        LINE=$line AT=$at FROM=$from TO=$to perl -i -pe 'substr($_, $ENV{AT}, length $ENV{FROM}, $ENV{TO}) if $. == $ENV{LINE}' "$path"
        if ! builds; then
            continue
        elif passes; then
            missed=$((missed + 1))
            printf 'missed  %s:%s  %s  ->  %s   %s\n' "$file" "$line" "$from" "$to" "$(sed -n "${line}p" "$root/$path" | sed 's/^ *//')"
        else
            noticed=$((noticed + 1))
        fi
    done < <(mutants "$root/$path")
    cp "$root/$path" "$path"
    printf '%s: %s noticed, %s missed so far\n' "$file" "$noticed" "$missed"
done
echo "score: $noticed of $((noticed + missed)) noticed"
