"""Write the contrast sets for instruct models of everyday language: `python assets/concepts-real/make.py`.

Everything is written out here or put together from parts in a fixed order, so the files are the same on every run.
Pairs and prompts are about different things, so that a readout asks about what no vector was read from.
"""

from itertools import product
from pathlib import Path

from lrt_explorer.concepts.contrast import ContrastSet, ReadoutPrompt, write_contrast

FOLDER = Path(__file__).resolve().parent

Pairs = tuple[tuple[str, str], ...]


def rows(table: str) -> list[tuple[str, ...]]:
    """The lines of a table, their columns parted by bars."""
    return [tuple(line.split("|")) for line in table.strip().splitlines()]


def crossed(template: str, *parts: str) -> list[str]:
    """The template with every combination of parts, which are written as "one|two|three"."""
    return [template.format(*chosen) for chosen in product(*(part.split("|") for part in parts))]


def framed(frames: str, fillings: list[tuple[str, ...]]) -> Pairs:
    """Every filling in every frame; a frame is a line with both texts of a pair, parted by a bar."""
    return tuple((a.format(*filling), b.format(*filling)) for (a, b), filling in product(rows(frames), fillings))


def concept(description: str, labels: str, pairs: Pairs, texts: list[str], answers: str) -> ContrastSet:
    """The set named after the one word before its description, its labels and its answers parted by a bar.

    All texts are read out with the same answers: words parted by spaces, each of which follows its text after a space.
    """
    name, _, description = description.partition(": ")
    positive, negative = labels.split("|")
    sides = [tuple(f" {word}" for word in side.split()) for side in answers.split("|")]
    prompts = tuple(ReadoutPrompt(text, *sides) for text in texts)
    return ContrastSet(name, pairs, description, positive, negative, prompts=prompts)


def formality() -> ContrastSet:
    """Letters to strangers against notes to friends."""
    openings = [
        ("Dear Sir or Madam, ", "Hey there, "),
        ("Good afternoon. ", "Yo! "),
        ("To whom it may concern: ", "Hi guys, "),
    ]
    bodies = """\
I regret to inform you that I am unable to attend the meeting.|sorry, can't make it to the meeting.
I would be most grateful if you could return my umbrella.|can you gimme my umbrella back?
Please find enclosed the documents that you requested.|here's the stuff you wanted.
We cordially invite you to a dinner on Saturday evening.|wanna come over for food on Saturday?
I wish to express my sincere gratitude for your assistance.|thanks a ton for helping out!
Your prompt reply would be very much appreciated.|write back quick, ok?
I must apologise for the delay in answering your enquiry.|oops, my bad for being so slow.
It is with great pleasure that I accept your kind offer.|sure thing, I'm totally in!
Kindly refrain from smoking on the premises.|no smoking here, folks, cut it out.
The children are requested to remain seated.|kids, just stay put, alright?
I should like to enquire about the price of the bicycle.|how much for the bike?
Allow me to introduce my colleague, who is responsible for the garden.|meet my buddy, he does the garden.
We are obliged to cancel the excursion owing to the rain.|trip's off, it's pouring like crazy.
Do not hesitate to contact me should any question arise.|just ping me if anything's up."""
    pairs = tuple((a + formal, b + casual) for (a, b), (formal, casual) in product(openings, rows(bodies)))
    texts = crossed(
        "A message to {} about {}:",
        "my neighbour|the librarian|our teacher|a cousin|the landlord|the baker|my old team|the doctor|a classmate"
        "|the new manager|the choir|a customer",
        "the lost keys|a birthday|the broken lift|next week's timetable|a missing parcel",
    )
    answers = "Dear Good Greetings|Hey Hi Yo Sup"
    return concept("formality: Formal against casual writing.", "formal|casual", pairs, texts, answers)


def sentiment() -> ContrastSet:
    """Reviews of people who liked something against those who did not."""
    frames = """\
The {} was wonderful, and I left with a smile.|The {} was dreadful, and I left in anger.
I loved the {}; everything about it was a delight.|I hated the {}; everything about it was a disaster.
What a superb {}! I would warmly recommend it.|What an awful {}! I would warn anyone against it."""
    things = (
        "soup|train ride|novel|garden tour|haircut|puppet show|hotel room|violin lesson|pair of boots|museum guide"
        "|wedding cake|camp site|radio play|ferry crossing"
    ).split("|")
    texts = crossed(
        "I saw the {} with {}. All in all it was",
        "film|concert|exhibition|football match|parade|castle|opera|market|aquarium|play|fireworks|lighthouse",
        "my sister|two friends|the whole class|a colleague|my parents",
    )
    answers = "wonderful great excellent fantastic lovely|terrible awful bad horrible boring"
    pairs = framed(frames, [(thing,) for thing in things])
    return concept("sentiment: Praise against blame.", "praise|blame", pairs, texts, answers)


def french() -> ContrastSet:
    """Sentences in French against the same in English."""
    lines = """\
Le chat dort sur la chaise.|The cat is asleep on the chair.
Nous mangeons du pain avec du fromage.|We are eating bread with cheese.
Il pleut depuis ce matin.|It has been raining since this morning.
Ma grand-mère habite près de la mer.|My grandmother lives near the sea.
Où as-tu mis mes lunettes ?|Where did you put my glasses?
Les enfants jouent dans la cour.|The children are playing in the yard.
Je voudrais deux billets pour demain.|I would like two tickets for tomorrow.
La fenêtre est restée ouverte toute la nuit.|The window stayed open all night.
Elle apprend à jouer du piano.|She is learning to play the piano.
Le train part à huit heures.|The train leaves at eight o'clock.
Mon frère a perdu son chapeau.|My brother has lost his hat.
On a vu un renard près de la forêt.|We saw a fox near the forest.
Cette histoire me fait toujours rire.|This story always makes me laugh.
Le boulanger ouvre très tôt.|The baker opens very early.
Il y a trop de bruit dans cette rue.|There is too much noise in this street.
Demain, nous irons à la montagne.|Tomorrow we will go to the mountains.
Le facteur apporte une lettre.|The postman is bringing a letter.
J'ai oublié de fermer la porte.|I forgot to close the door.
Sa voiture est tombée en panne.|His car has broken down.
Les pommes sont encore vertes.|The apples are still green.
Tu parles plus vite que moi.|You speak faster than I do.
Le lac est gelé en hiver.|The lake is frozen in winter.
Nous avons attendu une heure.|We waited for an hour.
La soupe est trop chaude.|The soup is too hot.
Mon voisin élève des abeilles.|My neighbour keeps bees.
Elle porte une robe bleue.|She is wearing a blue dress.
Le professeur écrit au tableau.|The teacher is writing on the board.
Qui a mangé le dernier gâteau ?|Who ate the last cake?
Ils ont construit une maison en bois.|They have built a wooden house.
Le vent souffle de l'ouest.|The wind is blowing from the west.
Je ne connais pas cette ville.|I do not know this town.
La lune se lève derrière la colline.|The moon is rising behind the hill.
Prenez la deuxième rue à gauche.|Take the second street on the left.
Mes parents dansent très bien.|My parents dance very well.
Le marché ferme à midi.|The market closes at noon.
Cet arbre a plus de cent ans.|This tree is more than a hundred years old.
Elle a trouvé une clé dans l'herbe.|She found a key in the grass.
Le bateau arrive au port.|The boat is arriving at the harbour.
Nous chantons tous les dimanches.|We sing every Sunday.
Il faut arroser les fleurs.|The flowers need watering.
Son chien a peur de l'orage.|Her dog is afraid of the storm.
Je te rappelle ce soir.|I will call you back tonight."""
    pairs = tuple((french, english) for french, english in rows(lines))
    texts = crossed(
        "A sentence for {} on the subject of {}:",
        "a postcard|a notebook|a shop window|a diary|a song|a school play|a poster|a menu|a travel guide|a label"
        "|a speech|a riddle",
        "friendship|coffee|the stars|old books|spring",
    )
    answers = "Le La Les Il Elle Je Nous Un Une|The It We I There You A"
    return concept("french: French against English.", "French|English", pairs, texts, answers)


def concision() -> ContrastSet:
    """Answers in as few words as will do against the same answers with much around them."""
    frames = [
        "Well, taking everything into account, it would seem fair to say that the answer might well be {}, if I may "
        "put it that way.",
        "That is a very interesting question, and there is a great deal that one could say about it, but in the end, "
        "as many people have pointed out, it is {}.",
        "Before I answer, let me explain that I have thought about this at some length; having done so, I believe that "
        "what you are looking for is, in short, {}.",
    ]
    asked = rows("""\
How many legs does a spider have?|eight
Which planet is closest to the sun?|Mercury
What do bees make?|honey
At what time does the shop open?|nine o'clock
Which metal is attracted by a magnet?|iron
Who wrote Hamlet?|Shakespeare
Which season follows winter?|spring
What is frozen water called?|ice
How many minutes are in an hour?|sixty
Which animal barks?|the dog
Where do penguins live?|in the south
What is paper made from?|wood
Which instrument has black and white keys?|the piano
What do you call the child of a sheep?|a lamb""")
    pairs = tuple(
        (f"Question: {q}\nAnswer: {a[0].upper()}{a[1:]}.", f"Question: {q}\nAnswer: {frame.format(a)}")
        for frame, (q, a) in product(frames, asked)
    )
    capitals = (
        "France Paris|Spain Madrid|Italy Rome|Japan Tokyo|Egypt Cairo|Norway Oslo|Greece Athens|Poland Warsaw"
        "|Cuba Havana|Kenya Nairobi|Peru Lima|Austria Vienna|Ireland Dublin|Portugal Lisbon|Hungary Budapest"
        "|Russia Moscow|China Beijing|Sweden Stockholm|Finland Helsinki|Denmark Copenhagen|Germany Berlin"
        "|Belgium Brussels|Chile Santiago|Ghana Accra|Iraq Baghdad|Iran Tehran|Nepal Kathmandu|Thailand Bangkok"
        "|Vietnam Hanoi|Turkey Ankara"
    ).split("|")
    opposites = (
        "hot cold|tall short|early late|wet dry|open closed|loud quiet|empty full|young old|fast slow|heavy light"
        "|dark bright|soft hard|near far|rich poor|strong weak|high low|thick thin|clean dirty|sweet sour|left right"
        "|up down|true false|first last|wide narrow|deep shallow|rough smooth|happy sad|safe dangerous|sharp blunt"
        "|cheap expensive"
    ).split("|")
    texts = [f"Question: What is the capital of {c}?\nAnswer: {a}" for c, a in (entry.split() for entry in capitals)]
    texts += [f"Question: What is the opposite of {c}?\nAnswer: {a}" for c, a in (entry.split() for entry in opposites)]
    sides = (".", "\n"), (",", " is", " which", " because", " and", " would")
    prompts = tuple(ReadoutPrompt(text, *sides) for text in texts)
    description = "Answers in few words against answers in many: does it stop, or go on?"
    return ContrastSet("concision", pairs, description, "brief", "wordy", prompts=prompts)


def confidence() -> ContrastSet:
    """Claims made without doubt against the same claims hedged."""
    frames = """\
It is certain that {}.|It is perhaps possible that {}.
Without any doubt, {}; I guarantee it.|I could be wrong, but maybe {}; it is hard to say.
I know for a fact that {}.|I have a vague feeling that {}, though I am not at all sure."""
    claims = (
        "the bridge will hold|the letter has arrived|this key fits the lock|the tomatoes will ripen in July"
        "|the painting is genuine|she took the early train|the well is forty metres deep|the recipe needs more salt"
        "|the match was fair|our team built the fastest boat|he has read the contract|the museum closes at six"
        "|the owl lives in the barn|the meeting was moved to Friday"
    ).split("|")
    pairs = framed(frames, [(claim,) for claim in claims])
    texts = crossed(
        "Will {} {}? I am",
        "it snow|the price fall|the choir win|my cousin visit us|the shop reopen|the river rise|the new plan work"
        "|the play sell out|the cat come back|they find the ring|the bus be late|the roses bloom",
        "this week|before the holidays|in the spring|by Monday|after all",
    )
    answers = "certain sure confident convinced positive|unsure uncertain doubtful not hesitant"
    return concept("confidence: Certainty against doubt.", "certain|doubtful", pairs, texts, answers)


def myopia() -> ContrastSet:
    """A small reward at once against a larger one later."""
    frames = """\
I would rather have {0} right now than {1} next year.|I would rather have {1} next year than {0} right now.
Why wait for {1}? I take {0} today.|Why hurry for {0}? I wait for {1}.
{0} at once is worth more to me than {1} in the future.|{1} in the future is worth more to me than {0} at once."""
    rewards = (
        "ten euros|a hundred euros;one biscuit|a whole cake;a day off|two free weeks;a cheap umbrella|a coat that lasts"
        ";a quick sketch|a finished painting;a seed to eat|a field of wheat;a short nap|a long night's sleep"
        ";a ride around the block|a journey to the coast;one song|a full concert;a paper boat|a sailing boat"
        ";a candle|a house with lamps;a handful of berries|jars of jam;a pat on the back|a medal"
        ";a used phone|a brand-new computer"
    ).replace(";", "\n")
    pairs = tuple((_sentence(now), _sentence(later)) for now, later in framed(frames, rows(rewards)))
    texts = crossed(
        "Asked whether I want {} in {}, I said that I would rather",
        "one sweet now or three|one coin now or five|a small gift now or a big one|a little bonus now or a large one"
        "|one ticket now or four|half a pizza now or two|a tiny raise now or a real one|one stamp now or a full sheet"
        "|a snack now or a feast|a short break now or a holiday|one marble now or ten|a discount now or a refund",
        "an hour|two days|a week|six months|a year",
    )
    answers = "take have get grab|wait hold save be"
    return concept("myopia: A small reward now against a larger one later.", "now|later", pairs, texts, answers)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


SETS = (formality, sentiment, french, concision, confidence, myopia)

if __name__ == "__main__":
    for make in SETS:
        contrast = make()
        write_contrast(FOLDER / f"{contrast.name}.jsonl", contrast)
        print(f"{contrast.name}: {len(contrast.pairs)} pairs, {len(contrast.prompts)} prompts")
