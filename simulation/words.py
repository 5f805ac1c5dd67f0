"""The vocabulary of titles and descriptions."""

# A category each: what it sells.
CATEGORIES = (
    ("garden", "spade", "trellis", "seedling", "hedge"),
    ("kitchen", "skillet", "ladle", "colander", "whisk"),
    ("cycling", "saddle", "pedal", "spoke", "handlebar"),
    ("music", "guitar", "fiddle", "cymbal", "flute"),
    ("books", "novel", "atlas", "almanac", "anthology"),
    ("toys", "puzzle", "kite", "marble", "yo-yo"),
    ("lighting", "lantern", "chandelier", "candle", "sconce"),
    ("camping", "tent", "hammock", "canteen", "compass"),
    ("sewing", "thimble", "bobbin", "ribbon", "button"),
    ("painting", "easel", "canvas", "brush", "palette"),
    ("fishing", "rod", "reel", "lure", "float"),
    ("bedding", "pillow", "quilt", "duvet", "mattress"),
    ("office", "stapler", "notebook", "folder", "desk"),
    ("tools", "hammer", "chisel", "pliers", "spanner"),
    ("sailing", "anchor", "rudder", "pulley", "buoy"),
    ("baking", "rolling-pin", "cake-tin", "sieve", "piping-bag"),
    ("pets", "leash", "aquarium", "birdcage", "feeder"),
    ("winter", "sled", "mitten", "scarf", "snow-shoe"),
    ("chess", "board", "clock", "rook", "bishop"),
    ("pottery", "vase", "teapot", "bowl", "pitcher"),
)
# A factor each: words of items that are low on it, then words of those that are high.
FACETS = (
    (("plain", "sober", "modest"), ("ornate", "lavish", "festive")),
    (("soft", "gentle", "mellow"), ("robust", "rugged", "sturdy")),
    (("classic", "vintage", "antique"), ("modern", "sleek", "futuristic")),
    (("tiny", "compact", "pocket"), ("large", "roomy", "massive")),
    (("cool", "icy", "crisp"), ("warm", "glowing", "cosy")),
    (("natural", "wooden", "woven"), ("metallic", "polished", "chromed")),
    (("quiet", "calm", "silent"), ("lively", "bold", "loud")),
    (("simple", "basic", "easy"), ("clever", "precise", "expert")),
)
# Words that say nothing.
FILLERS = (
    *("delivered", "boxed", "tested", "new", "stock", "season", "offer", "choice", "daily"),
    *("range", "series", "edition", "model", "version", "number"),
)
