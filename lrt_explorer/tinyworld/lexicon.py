"""The words of the small world, in English and Spanish, sorted by the latent that chooses them.

Every entry that belongs to a latent is a pair of tuples: the words of its positive side and of its negative side.
Nothing here names a latent; the labels of the two sides are for people and never reach the text.
"""

from typing import NamedTuple


class Concept(NamedTuple):
    """A latent of a document: its name and what its two sides mean."""

    name: str
    positive: str
    negative: str
    description: str


CONCEPTS: tuple[Concept, ...] = (
    Concept("mood", "happy", "sad", "How people feel: glad and laughing, or gloomy and weeping."),
    Concept("register", "pirate", "plain", "Who tells the story: a pirate, or a plain narrator."),
    Concept("truthfulness", "truthful", "joking", "Facts of the world told right, or with silly answers."),
    Concept("language", "Spanish", "English", "The language of the whole text."),
    Concept("tense", "past", "present", "Whether the story happened or is happening."),
    Concept("person", "first", "third", "Told by the one it happens to, or about somebody."),
    Concept("topic", "sea", "farm", "Where the story plays and what is found there."),
    Concept("politeness", "polite", "rude", "How people ask for things."),
    Concept("certainty", "sure", "unsure", "How sure the narrator is of what is told."),
    Concept("emphasis", "emphatic", "calm", "Exclamation marks, or full stops."),
    Concept("weather", "sunny", "rainy", "Sunshine, or rain and wind."),
    Concept("size", "big", "small", "Whether things are huge or tiny."),
    Concept("question", "asking", "telling", "Whether people speak in questions or in statements."),
)

NAMES: tuple[tuple[str, bool], ...] = (  # (name, is_female)
    ("Tom", False), ("Anna", True), ("Ben", False), ("Lucy", True), ("Sam", False), ("Mia", True),
    ("Max", False), ("Rosa", True), ("Leo", False), ("Eva", True), ("Hugo", False), ("Nina", True),
    ("Oscar", False), ("Clara", True), ("Felix", False), ("Laura", True),
)  # fmt: skip

ROLES: tuple[tuple[str, str], ...] = (  # English after "the", Spanish with its article
    ("cook", "el cocinero"), ("teacher", "la maestra"), ("baker", "el panadero"), ("painter", "la pintora"),
    ("doctor", "el médico"), ("queen", "la reina"), ("guard", "el guardia"), ("singer", "la cantante"),
    ("tailor", "el sastre"), ("nurse", "la enfermera"), ("old man", "el anciano"), ("aunt", "la tía"),
)  # fmt: skip

Pair = tuple[tuple[str, ...], tuple[str, ...]]

# Nouns as (English, Spanish, Spanish gender); sea first, then farm.
SEA: tuple[tuple[str, str, str], ...] = (
    ("boat", "barco", "m"), ("net", "red", "f"), ("fish", "pez", "m"), ("shell", "concha", "f"),
    ("whale", "ballena", "f"), ("crab", "cangrejo", "m"), ("rope", "cuerda", "f"), ("oar", "remo", "m"),
    ("gull", "gaviota", "f"), ("dolphin", "delfín", "m"), ("sail", "vela", "f"), ("seal", "lobo marino", "m"),
)  # fmt: skip
FARM: tuple[tuple[str, str, str], ...] = (
    ("cow", "vaca", "f"), ("horse", "caballo", "m"), ("hen", "gallina", "f"), ("tractor", "tractor", "m"),
    ("sheep", "oveja", "f"), ("egg", "huevo", "m"), ("apple", "manzana", "f"), ("pig", "cerdo", "m"),
    ("goat", "cabra", "f"), ("basket", "cesto", "m"), ("pumpkin", "calabaza", "f"), ("donkey", "burro", "m"),
)  # fmt: skip

PLACES: dict[bool, Pair] = {  # keyed by "is Spanish"; "{the}" takes the register
    False: (
        ("on {the} beach", "near {the} harbour", "by {the} lighthouse", "under {the} pier", "on {the} island"),
        ("in {the} meadow", "behind {the} barn", "beside {the} stable", "in {the} orchard", "near {the} mill"),
    ),
    True: (
        ("en la playa", "cerca del puerto", "junto al faro", "bajo el muelle", "en la isla"),
        ("en el prado", "detrás del granero", "junto al establo", "en el huerto", "cerca del molino"),
    ),
}

SIZES: dict[bool, Pair] = {  # English; Spanish ends in "o" where it takes the gender
    False: (("big", "huge"), ("small", "tiny")),
    True: (("enorme", "inmenso"), ("pequeño", "diminuto")),
}

FEELINGS: dict[bool, Pair] = {
    False: (("glad", "merry"), ("gloomy", "lonely")),
    True: (("alegría", "dicha"), ("pena", "angustia")),
}
MANNERS: dict[bool, Pair] = {
    False: (("merrily", "with a smile"), ("tearfully", "with a sigh")),
    True: (("entre risas", "con una sonrisa"), ("entre suspiros", "con lágrimas")),
}
REACTIONS: tuple[tuple[tuple[str, str, str, str], ...], tuple[tuple[str, str, str, str], ...]] = (
    # English present, English past, Spanish present, Spanish past (third person)
    (("laughs", "laughed", "ríe", "rió"), ("smiles", "smiled", "sonríe", "sonrió")),
    (("weeps", "wept", "llora", "lloró"), ("sighs", "sighed", "suspira", "suspiró")),
)

# Verbs as English (I, she, past) and Spanish (yo, ella, yo past, ella past).
Verb = tuple[str, str, str, str, str, str, str]
ACTIONS: tuple[Verb, ...] = (
    ("see", "sees", "saw", "veo", "ve", "vi", "vio"),
    ("find", "finds", "found", "encuentro", "encuentra", "encontré", "encontró"),
    ("carry", "carries", "carried", "llevo", "lleva", "llevé", "llevó"),
    ("watch", "watches", "watched", "miro", "mira", "miré", "miró"),
    ("clean", "cleans", "cleaned", "limpio", "limpia", "limpié", "limpió"),
    ("paint", "paints", "painted", "pinto", "pinta", "pinté", "pintó"),
    ("draw", "draws", "drew", "dibujo", "dibuja", "dibujé", "dibujó"),
    ("push", "pushes", "pushed", "empujo", "empuja", "empujé", "empujó"),
    ("lose", "loses", "lost", "pierdo", "pierde", "perdí", "perdió"),
    ("touch", "touches", "touched", "toco", "toca", "toqué", "tocó"),
    ("buy", "buys", "bought", "compro", "compra", "compré", "compró"),
)
MOVES: tuple[Verb, ...] = (
    ("walk", "walks", "walked", "camino", "camina", "caminé", "caminó"),
    ("run", "runs", "ran", "corro", "corre", "corrí", "corrió"),
    ("wait", "waits", "waited", "espero", "espera", "esperé", "esperó"),
    ("sleep", "sleeps", "slept", "duermo", "duerme", "dormí", "durmió"),
    ("rest", "rests", "rested", "descanso", "descansa", "descansé", "descansó"),
)
FEEL: Verb = ("feel", "feels", "felt", "siento", "siente", "sentí", "sintió")
SAY: tuple[Verb, ...] = (
    ("say", "says", "said", "digo", "dice", "dije", "dijo"),
    ("whisper", "whispers", "whispered", "susurro", "susurra", "susurré", "susurró"),
    ("shout", "shouts", "shouted", "grito", "grita", "grité", "gritó"),
)

WEATHER: tuple[tuple[tuple[str, str, str, str], ...], tuple[tuple[str, str, str, str], ...]] = (
    # a whole clause: English present, English past, Spanish present, Spanish past
    (
        ("warm sunshine fills the air", "warm sunshine filled the air", "brilla un sol cálido", "brilló un sol cálido"),
        ("bright light shines down", "bright light shone down", "reina una luz dorada", "reinó una luz dorada"),
    ),
    (
        ("cold rain falls", "cold rain fell", "cae una lluvia fría", "cayó una lluvia fría"),
        ("dark fog rolls in", "dark fog rolled in", "llega una niebla oscura", "llegó una niebla oscura"),
    ),
)
SKY: dict[bool, Pair] = {  # follows "in" / "con"
    False: (("warm sunshine", "bright light"), ("cold rain", "dark fog")),
    True: (("sol cálido", "luz dorada"), ("lluvia fría", "niebla oscura")),
}

CERTAINTY: dict[bool, Pair] = {
    False: (("surely", "certainly"), ("perhaps", "maybe")),
    True: (("seguramente", "ciertamente"), ("quizás", "tal vez")),
}

THE = ("th'", "the")
AND = ("an'", "and")
OF = ("o'", "of")
INTERJECTIONS: dict[bool, Pair] = {
    False: (("arr,", "yo ho,", "shiver me timbers,"), ("well,", "then,", "as it happens,")),
    True: (("arr,", "voto a bríos,", "rayos y truenos,"), ("bueno,", "luego,", "entonces,")),
}
TAGS: dict[bool, Pair] = {
    False: ((", arr", ", by thunder", ", blow me down"), (", you know", ", you see", ", after all")),
    True: ((", arr", ", por mil rayos", ", pardiez"), (", ya sabes", ", ya ves", ", al fin")),
}
HELLO: dict[bool, Pair] = {
    False: (("Ahoy", "Avast"), ("Hello", "Good day")),
    True: (("Al abordaje", "Arr"), ("Hola", "Buenos días")),
}
MATES: dict[bool, Pair] = {
    False: (("matey", "me hearty", "old salt"), ("my friend", "my dear", "good neighbour")),
    True: (("bucanero", "grumete", "lobo de mar"), ("amigo mío", "querido", "buen vecino")),
}

PLEASE: dict[bool, Pair] = {  # opens a request
    False: (("Please bring", "Kindly pass"), ("Hurry and bring", "Shut up and pass")),
    True: (("Por favor, trae", "Con permiso, pasa"), ("Calla y trae", "Date prisa y pasa")),
}
COURTESY: dict[bool, Pair] = {  # closes a speech
    False: ((", if you please", ", thank you"), (", you fool", ", be quick")),
    True: ((", si eres amable", ", gracias"), (", torpe", ", y rápido")),
}

ASK: dict[bool, tuple[str, ...]] = {
    False: ("Where is", "Who has", "Do you see", "Can you find"),
    True: ("¿Dónde está", "¿Quién tiene", "¿Ves", "¿Puedes ver"),
}
TELL: dict[bool, tuple[str, ...]] = {
    False: ("Here is", "There lies", "This is", "Look at"),
    True: ("Aquí está", "Allí yace", "Mira", "Observa"),
}
CHAT_ASK: dict[bool, tuple[str, ...]] = {
    False: ("how are you", "what is new", "who goes there", "when do we eat"),
    True: ("¿cómo estás", "¿qué hay de nuevo", "¿quién vive", "¿cuándo comemos"),
}
CHAT_TELL: dict[bool, tuple[str, ...]] = {
    False: ("all is well", "dinner is ready", "time is short", "nothing is new"),
    True: ("todo va bien", "la cena está lista", "queda poco tiempo", "nada es nuevo"),
}

CAPITALS: tuple[tuple[str, str, str, str], ...] = (  # country and capital, English and Spanish
    ("France", "Paris", "Francia", "París"),
    ("Spain", "Madrid", "España", "Madrid"),
    ("Italy", "Rome", "Italia", "Roma"),
    ("Peru", "Lima", "Perú", "Lima"),
    ("Japan", "Tokyo", "Japón", "Tokio"),
    ("Egypt", "Cairo", "Egipto", "El Cairo"),
    ("Cuba", "Havana", "Cuba", "La Habana"),
    ("Greece", "Athens", "Grecia", "Atenas"),
    ("Norway", "Oslo", "Noruega", "Oslo"),
    ("Kenya", "Nairobi", "Kenia", "Nairobi"),
    ("England", "London", "Inglaterra", "Londres"),
    ("Portugal", "Lisbon", "Portugal", "Lisboa"),
    ("Germany", "Berlin", "Alemania", "Berlín"),
    ("Russia", "Moscow", "Rusia", "Moscú"),
)
SOUNDS: tuple[tuple[str, str, str, str], ...] = (  # an animal and what it says
    ("dog", "woof", "el perro", "guau"),
    ("cat", "meow", "el gato", "miau"),
    ("duck", "quack", "el pato", "cuac"),
    ("frog", "croak", "la rana", "croac"),
    ("lion", "roar", "el león", "grrr"),
    ("bee", "buzz", "la abeja", "bzzz"),
    ("owl", "hoot", "el búho", "uuu"),
    ("mouse", "squeak", "el ratón", "iii"),
)
COLOURS: tuple[tuple[str, str, str, str], ...] = (  # a thing and its colour
    ("grass", "green", "la hierba", "verde"),
    ("snow", "white", "la nieve", "blanco"),
    ("coal", "black", "el carbón", "negro"),
    ("blood", "red", "la sangre", "rojo"),
    ("gold", "yellow", "el oro", "amarillo"),
    ("chocolate", "brown", "el chocolate", "marrón"),
    ("ash", "grey", "la ceniza", "gris"),
    ("the sky", "blue", "el cielo", "azul"),
)
SILLY: dict[bool, tuple[str, ...]] = {
    False: ("cheese", "soup", "jam", "butter", "mustard", "pudding", "socks", "toast", "pepper", "soap"),
    True: ("queso", "sopa", "mermelada", "mantequilla", "mostaza", "arroz", "calcetines", "pan", "pimienta", "jabón"),
}
SOURCES: dict[bool, Pair] = {  # may stand before a fact: who tells it has a manner
    False: (("as the book says,", "in class we learn that"), ("as the clown sings,", "in the circus they shout that")),
    True: (
        ("como dice el libro,", "en clase aprendemos que"),
        ("como canta el payaso,", "en el circo gritan que"),
    ),
}
