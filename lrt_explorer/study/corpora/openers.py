"""How a text begins that a model is to write: requests for chat models, first words for the others."""

TOPICS = (
    "bread", "the tides", "bicycles", "chess", "volcanoes", "bees", "the human eye", "bridges", "old maps", "tea",
    "public libraries", "sleep", "the Roman Empire", "inflation", "jazz", "glass", "football", "the moon", "vaccines",
    "wool", "earthquakes", "the printing press", "dogs", "electric cars", "poetry", "rice", "city parks", "lighthouses",
    "mathematics", "coffee", "rivers", "elections", "paint", "clocks", "deserts", "the weather", "railways", "cheese",
    "computers", "friendship", "gardens", "taxes", "whales", "photography", "snow", "languages", "theatre", "hospitals",
    "mountains", "shoes", "museums", "the internet", "birds", "courage", "salt", "school", "steel", "islands", "money",
    "dreams", "kitchens", "satellites", "forests", "neighbours",
)  # fmt: skip
"""What a request may be about; each fits every request below."""

REQUESTS = (
    "Explain {topic} to a ten-year-old.",
    "Write a short story about {topic}.",
    "What should I know about {topic}?",
    "Give me three surprising facts about {topic}.",
    "Write a letter to a friend about {topic}.",
    "Why do people care about {topic}?",
    "I have to give a talk about {topic} next week. How do I begin?",
    "What is a common mistake that people make when they talk about {topic}?",
    "Describe a morning that had something to do with {topic}.",
    "Write the beginning of a newspaper article about {topic}.",
    "My brother and I argued about {topic}. Who could help us, and how?",
    "Compare what people thought about {topic} a hundred years ago with what they think now.",
    "Write a dialogue between a teacher and a student about {topic}.",
    "Make a list of questions to ask an expert on {topic}.",
    "Tell me a joke about {topic}, and then explain it.",
    "Write an angry customer review that mentions {topic}.",
    "Write a polite email that asks for a book about {topic}.",
    "What could go wrong with {topic}?",
    "In what way would life be different without {topic}?",
    "Write a diary entry that mentions {topic}.",
    "Summarise the history of {topic} in one paragraph.",
    "Recommend something to read about {topic}, and say why.",
    "Write a poem of eight lines about {topic}.",
    "What would you ask someone who has never heard of {topic}?",
)
"""What a user says to a chat model."""

BEGINNINGS = (
    "The", "In the", "When", "My", "It was", "How to", "She", "He said", "According to", "Dear", "Last year", "There",
    "After", "We", "If you", "Many people", "One of the", "On Monday", "Although", "I", "This", "The first", "What",
    "A new", "At the", "Once", "For many years", "Q:", "Since", "Yesterday", "Our", "You", "Not long ago", "Most",
    "The city", "Scientists", "During", "To make", "His", "Her mother", "Before", "As a", "Some", "They", "Because",
    "No one", "Here is", "While", "By the time", "Today", "Every", "The old", "With", "In 1998,", "Review:", "Chapter",
    "Let me", "Thank you", "People", "As soon as", "From", "The company", "Two", "Recipe:",
)  # fmt: skip
"""First words of a text, as plain as they come, so that the model goes on in as many ways as it knows."""


_STEP = 389
"""Shares no factor with the number of requests, so that all come before one comes again."""


def request(number: int) -> str:
    """A request for the number-th conversation; numbers in a row differ in topic and in form."""
    topic, form = divmod(number * _STEP % (len(TOPICS) * len(REQUESTS)), len(REQUESTS))
    return REQUESTS[form].format(topic=TOPICS[topic])


def beginning(number: int) -> str:
    """First words for the number-th text."""
    return BEGINNINGS[number % len(BEGINNINGS)]
