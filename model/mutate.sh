#!/usr/bin/env bash
# Breaks the rules and the wait-for graph on purpose, one condition at a time, and counts what the tests notice.
# Run from anywhere; prints each change that no test noticed, the score of each file, and the score. Needs perl. Give
# paths (from model/src) to break only these: model/mutate.sh rules/deadlock.rs
#
# All changes are built at once: each function is written once more for each change of it, and which of them runs is
# read from the environment when the tests start. Only what can't be written so has a build of its own.
#
# score: 523 of 555 noticed; of the rest 14 change only cost: more is passed over or made twice (5 in graph/reduce, 7 in
# rules/survey, accept_backlog, starved); 5 are whether a bound is itself within (cancelled_mid_await, large_future,
# starved, survey, task_leak), 3 the same of a moment or a share (long_poll, 2 in starved); 10 change nothing: a thing
# compared with itself (2 in long_poll, held_across_await, starved), what the ledger takes once anyway (long_poll), or
# what never comes (deadlock, judge, 3 in starved).
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
export work=${TASKSCOPE_MUTANTS:-$root/target/mutants}
jobs=${TASKSCOPE_MUTANTS_JOBS:-2}
files=("$@")
if [ ${#files[@]} -eq 0 ]; then
    mapfile -t files < <(cd model/src && ls rules/*.rs graph.rs graph/*.rs | grep -v -e tests -e laws -e testing -e docs -e words)
fi

# A workspace of its own, so that what is broken is never in the way of anybody.
mkdir -p "$work"
cd "$work"
export CARGO_TARGET_DIR=$work/target CARGO_PROFILE_DEV_DEBUG=false CARGO_PROFILE_DEV_OPT_LEVEL=1 PROPTEST_RNG_SEED=1 PROPTEST_CASES=32
# What is broken may ask for memory without end.
ulimit -v $((8 << 20)) -c 0
fresh() {
    rm -rf "$work/model"
    cp -r "$root/model" "$root/.cargo" "$root/Cargo.lock" "$work/"
    sed 's/^members = .*/members = ["model"]/; /^exclude/d' "$root/Cargo.toml" > "$work/Cargo.toml"
}
# Prints the path of the test binary, or fails with its errors in $work/errors.
build() {
    cargo test --offline --quiet -p taskscope-model --lib --no-run --message-format=short 2>"$work/errors" >/dev/null || return 1
    cargo test --offline -p taskscope-model --lib --no-run 2>&1 | sed -n 's/.*Executable.*(\(.*\))$/\1/p'
}
# Whether all tests pass: first the quick ones of what was broken, then the laws, the large worlds and the rest of the
# crate. A loop that does not end any more is noticed too, by the seconds of processor that it takes.
passes() {
    (
        cd "$work/model"
        limited() { (ulimit -t "$1"; "${@:2}"); }
        limited 10 "$1" -q rules:: graph:: --skip laws:: --skip tests::large:: &&
            limited 60 "$1" -q rules::laws:: graph::tests::laws:: &&
            limited 120 "$1" -q tests::large:: &&
            limited 60 "$1" -q --skip rules:: --skip graph::
    ) >"$work/out.$2" 2>&1
}

# One change for each operator in code, tests and comments left out: FILE, LINE, which one on the line, what to put there.
mutants() {
    (cd "$root/model/src" && perl -ne '
        # Tests inside a file are its end.
        if ($after) { $after = 0; if (/\{$/) { $done = 1 } }
        if (/^#\[cfg\(test\)\]/) { $after = 1 }
        unless ($done or m{^\s*(//|#\[|use |pub use |mod )} or /^\s*"/) {
            my %to = (" >= " => " > ", " > " => " >= ", " <= " => " < ", " < " => " <= ", " == " => " != ", " != " => " == ",
                " && " => " || ", " || " => " && ", ".any(" => ".all(", ".all(" => ".any(", "is_none()" => "is_some()",
                "is_some()" => "is_none()", " + " => " - ", " - " => " + ", "true" => "false", "false" => "true",
                ".min(" => ".max(", ".max(" => ".min(", "if !" => "if ", "&& !" => "&& ", "|| !" => "|| ", " += " => " -= ",
                "is_some_and(" => "is_none_or(", "is_none_or(" => "is_some_and(", "continue;" => "{}");
            my $code = $_; $code =~ s/"[^"]*"/"." x length($&)/ge;
            for my $from (sort keys %to) {
                my $at = 0;
                while (($at = index($code, $from, $at)) >= 0) {
                    # A closure without arguments is no operator.
                    print join("\t", $ARGV, $., $at, $from, $to{$from}), "\n" unless substr($code, 0, $at) =~ /[=,]$/;
                    $at += length $from;
                }
            }
        }
        if (eof) { $after = $done = 0; close ARGV }' "${files[@]}") | awk '{ print NR "\t" $0 }'
}

# Writes the changes of the list into the copy: each function with changes asks which of them is asked for. Prints the
# number of each change that can't be made so. Writes what line of the copy belongs to which change into $work/lines.
weave() {
    (cd "$work/model/src" && perl -e '
        my (%of, @file);
        open my $list, "<", "$ENV{work}/list" or die $!;
        while (<$list>) { chomp; my ($id, $file, @rest) = split /\t/, $_, -1; push @{$of{$file}{$rest[0]}}, [$id, @rest] }
        open my $lines, ">", "$ENV{work}/lines" or die $!;
        for my $path (sort keys %of) {
            open my $in, "<", $path or die "$path: $!"; my @text = ("", <$in>); close $in;
            my $changes = $of{$path}; my @out;
            my $i = 1;
            while ($i < @text) {
                my ($first, $open, $end) = ($i);
                if ($text[$i] =~ /^(\s*)(pub(\([a-z]+\))? )?fn /) {
                    my $indent = $1;
                    for ($open = $i; $open < @text && $text[$open] !~ /\{$/; $open++) {}
                    for ($end = $open; $end < @text && $text[$end] !~ /^$indent\}$/; $end++) {}
                    my $head = join "", @text[$i .. $open];
                    ($open, $end) = () if $head =~ /-> impl/ || $end >= @text;
                }
                # What is not inside of a function, its head included.
                print "$_->[0]\n" for map { @{$changes->{$_} // []} } $i .. ($end ? $open : $i);
                my @here = $end ? map { @{$changes->{$_} // []} } $open + 1 .. $end - 1 : ();
                if (@here) {
                    push @out, @text[$i .. $open], "match crate::mutant() {\n";
                    for my $change (@here) {
                        my ($id, $line, $at, $from, $to) = @$change;
                        push @out, "$id => {\n";
                        for my $n ($open + 1 .. $end - 1) {
                            my $text = $text[$n];
                            substr($text, $at, length $from, $to) if $n == $line;
                            push @out, $text;
                            print $lines join("\t", "model/src/$path", scalar @out, $id), "\n";
                        }
                        push @out, "}\n";
                    }
                    push @out, "_ => {\n", @text[$open + 1 .. $end - 1], "}\n", "}\n", $text[$end];
                    $i = $end + 1;
                } elsif ($end) {
                    push @out, @text[$i .. $end];
                    $i = $end + 1;
                } else {
                    push @out, $text[$i++];
                }
            }
            open my $to, ">", $path or die $!; print $to @out; close $to;
        }')
    cat >> "$work/model/src/lib.rs" <<'RUST'

/// The change that is asked for.
pub(crate) fn mutant() -> u32 {
    static ASKED: std::sync::LazyLock<u32> =
        std::sync::LazyLock::new(|| std::env::var("MUTANT").ok().and_then(|n| n.parse().ok()).unwrap_or(0));
    *ASKED
}
RUST
}

fresh
mutants > "$work/all"
cp "$work/all" "$work/list"
# Changes that do not compile are none; each build tells some of them.
while true; do
    fresh
    weave > "$work/alone"
    if test=$(build); then break; fi
    grep -oE '^model/src/[^:]+:[0-9]+' "$work/errors" | tr ':' '\t' | sort -u > "$work/wrong"
    awk -F'\t' 'FILENAME == ARGV[1] { wrong[$1 FS $2]; next } ($1 FS $2) in wrong { print $3 }' "$work/wrong" "$work/lines" | sort -u > "$work/drop"
    if [ ! -s "$work/drop" ]; then
        echo "the copy does not build:"
        grep error "$work/errors" | head -20
        exit 1
    fi
    awk -F'\t' 'FILENAME == ARGV[1] { drop[$1]; next } !($1 in drop)' "$work/drop" "$work/list" > "$work/left"
    mv "$work/left" "$work/list"
done
rm -f "$work/woven"
cp "$test" "$work/woven"
passes "$work/woven" 0 || { echo "the tests fail before anything is broken:"; tail -20 "$work/out.0"; exit 1; }

# Says of one change whether it was noticed.
try() {
    if MUTANT=$1 passes "$work/woven" "$1"; then echo "missed" > "$work/told/$1"; else echo "noticed" > "$work/told/$1"; fi
    rm "$work/out.$1"
}
export -f passes try
rm -rf "$work/told"
mkdir "$work/told"
cut -f 1 "$work/list" | grep -vxFf "$work/alone" | xargs -P "$jobs" -I {} bash -c 'try {}' || true
while read -r id; do
    IFS=$'\t' read -r _ file line at from to < <(grep -P "^$id\t" "$work/list")
    fresh
    LINE=$line AT=$at FROM=$from TO=$to perl -i -pe 'substr($_, $ENV{AT}, length $ENV{FROM}, $ENV{TO}) if $. == $ENV{LINE}' "$work/model/src/$file"
    test=$(build) || continue
    if passes "$test" alone; then echo missed > "$work/told/$id"; else echo noticed > "$work/told/$id"; fi
done < "$work/alone"

all=0
noticed=0
for file in "${files[@]}"; do
    of=0
    told=0
    while IFS=$'\t' read -r id _ line _ from to; do
        [ -f "$work/told/$id" ] || continue
        of=$((of + 1))
        if [ "$(cat "$work/told/$id")" = noticed ]; then
            told=$((told + 1))
        else
            printf 'missed  %s:%s  %s  ->  %s   %s\n' "$file" "$line" "$from" "$to" "$(sed -n "${line}p" "$root/model/src/$file" | sed 's/^ *//')"
        fi
    done < <(awk -F'\t' -v file="$file" '$2 == file' "$work/list")
    [ $of -eq 0 ] || echo "$file: $told of $of"
    all=$((all + of))
    noticed=$((noticed + told))
done
echo "score: $noticed of $all noticed"
