namespace Matryoshka.Encoders.Tokenizers;

/// <summary>Where special tokens go around one text or two: what a tokenizer.json calls its post-processor.</summary>
internal sealed class InputTemplate
{
    private const string Supported = "TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel and Sequence";

    // A place is a text (0 or 1) or special tokens.
    private readonly record struct Place(int Text, int[] Ids, int TypeId);

    private readonly Place[] single, pair;

    private InputTemplate(Place[] single, Place[] pair) => (this.single, this.pair) = (single, pair);

    private static Place A(int type = 0) => new(0, [], type);

    private static Place B(int type) => new(1, [], type);

    private static Place Ids(int type, params int[] ids) => new(-1, ids, type);

    public static InputTemplate Parse(JsonPart part) => Find(part) ?? new InputTemplate([A()], [A(), B(1)]);

    // ByteLevel changes offsets alone.
    private static InputTemplate? Find(JsonPart part)
    {
        if (part.IsNull || part.Type == "ByteLevel")
            return null;
        switch (part.Type)
        {
            case "Sequence":
                var found = part.Parts("processors").Select(Find).OfType<InputTemplate>().ToList();
                return found.Count < 2 ? found.FirstOrDefault() : throw part.Bad("is a Sequence of several that add tokens, which is not supported");
            case "BertProcessing":
                var (cls, sep) = (TokenId(part, "cls"), TokenId(part, "sep"));
                return new([Ids(0, cls), A(), Ids(0, sep)], [Ids(0, cls), A(), Ids(0, sep), B(1), Ids(1, sep)]);
            case "RobertaProcessing":
                var (begin, end) = (TokenId(part, "cls"), TokenId(part, "sep"));
                return new([Ids(0, begin), A(), Ids(0, end)], [Ids(0, begin), A(), Ids(0, end), Ids(0, end), B(0), Ids(0, end)]);
            case "TemplateProcessing":
                return new(Places(part, "single"), Places(part, "pair"));
            default:
                throw part.Unsupported(Supported);
        }
    }

    private static int TokenId(JsonPart part, string name)
    {
        var token = part.Get(name);
        return token.ValueKind == System.Text.Json.JsonValueKind.Array && token.GetArrayLength() == 2 && token[1].TryGetInt32(out var id) && id >= 0
            ? id
            : throw part.Bad($"has a '{name}' that is not a token and its id");
    }

    private static Place[] Places(JsonPart template, string name)
    {
        var special = template.Part("special_tokens");
        var places = new List<Place>();
        foreach (var part in template.Parts(name))
        {
            if (part.Part("Sequence") is { IsNull: false } text)
                places.Add(new(text.Text("id") == "B" ? 1 : 0, [], text.Number("type_id", 0, 1) ?? 0));
            else if (part.Part("SpecialToken") is { IsNull: false } token && token.Text("id") is { } id && special.Part(id) is { IsNull: false } named)
                places.Add(Ids(token.Number("type_id", 0, 1) ?? 0, [.. named.Parts("ids").Select(i => i.Element.GetInt32())]));
            else
                throw template.Bad($"has a '{name}' with something that is neither a Sequence nor one of its 'special_tokens'");
        }
        return [.. places];
    }

    public int SpecialTokens(bool isPair) => (isPair ? pair : single).Sum(place => place.Ids.Length);

    public int MaxId => single.Concat(pair).SelectMany(place => place.Ids).DefaultIfEmpty(-1).Max();

    public ModelInput Build(ReadOnlySpan<int> first, ReadOnlySpan<int> second, bool isPair, int untruncated)
    {
        var places = isPair ? pair : single;
        var ids = new int[first.Length + second.Length + SpecialTokens(isPair)];
        var types = new int[ids.Length];
        var at = 0;
        foreach (var place in places)
        {
            var here = place.Text switch
            {
                0 => first,
                1 => second,
                _ => place.Ids,
            };
            here.CopyTo(ids.AsSpan(at));
            types.AsSpan(at, here.Length).Fill(place.TypeId);
            at += here.Length;
        }
        return new ModelInput(ids, types, untruncated);
    }
}
