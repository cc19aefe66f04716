# Matryoshka as one of the contestants, through its tool. Sourced by run.

plans="lists 0.5% on bit:full x50 > int8:full; lists 1% on bit:full x50 > int8:full; lists 2% on bit:full x50 > int8:full; lists 3% on bit:full x50 > int8:full; lists 4.5% on bit:full x60 > int8:full; lists 6.5% on bit:full x60 > int8:full; lists 9% on bit:full x60 > int8:full; lists 16% on bit:full x100 > int8:full x20 > f16:full; lists 28% on bit:full x150 > int8:full x30 > f16:full; bit:full x100 > int8:full x30 > f16:full; bit:full x200 > int8:full x30 > f16:full; bit:full x400 > int8:full x50 > f16:full; bit:full x1000 > int8:full x50 > f16:full; exact; f16:full"

# matryoshka-260MB is the same collection under that budget of memory.
run_matryoshka() {
    local variant=$1 collection=$data/matryoshka budget=() start
    [ "$variant" = matryoshka ] || budget=(--memory "${variant#*-}")
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
    say "$variant: searching"
    "$root/mrl" bench -c "$collection" --queries "$vectors/queries.f32" --truth "$vectors/truth.i32" --plans "$plans" --threads 1 -k 10 ${budget[@]+"${budget[@]}"} --json > "$data/$variant.json" || return 1
    local line
    line=$(build_line matryoshka "$variant")
    echo "${line%\}},\"version\":\"$("$root/mrl" --version)\",\"bench\":$(tr -d '\n' < "$data/$variant.json")}" > "$data/$variant.lines"
}
