# Matryoshka as one of the contestants, through its tool. Sourced by run.

plans="bit:512 x50 > f16:512; bit:512 x100 > f16:512; bit:512 x200 > f16:512; bit:512 x400 > f16:512; bit:512 x1000 > f16:512; bit:512 x2000 > f16:512; int8:128 x50 > f16:512; int8:128 x200 > f16:512; int8:256 x50 > f16:512; int8:256 x200 > f16:512; int8:512 x20 > f16:512; f16:512"

run_matryoshka() {
    local collection=$data/matryoshka start
    if [ ! -f "$data/matryoshka.built" ]; then
        [ $build = 1 ] || { say "matryoshka: not built"; return 1; }
        say "matryoshka: importing"
        "$root/mrl" --version > /dev/null || return 1 # builds the tool, outside the clock
        rm -rf "$collection"
        start=$(date +%s.%N)
        "$root/mrl" import "$vectors/base.f32" -c "$collection" --dims 32,64,128,256,512 --name vectors --json > /dev/null || return 1
        echo "$(awk "BEGIN { print $(date +%s.%N) - $start }") $threads $(du -sk "$collection" | awk '{ print $1 * 1024 / 1e6 }')" > "$data/matryoshka.built"
    fi
    [ $search = 1 ] || return 0
    say "matryoshka: searching"
    "$root/mrl" bench -c "$collection" --queries "$vectors/queries.f32" --truth "$vectors/truth.i32" --plans "$plans" --threads 1 -k 10 --json > "$data/matryoshka.json" || return 1
    local line
    line=$(build_line matryoshka)
    echo "${line%\}},\"version\":\"$("$root/mrl" --version)\",\"bench\":$(tr -d '\n' < "$data/matryoshka.json")}" > "$data/matryoshka.lines"
}
