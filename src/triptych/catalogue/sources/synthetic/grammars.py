"""Grammars: the sentences and words that stories of each plot theme are told with, in the order of ``PLOTS``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Grammar:
    """Sentence patterns with slots in braces, and the words that may fill each slot.

    A slot named in ``passing`` takes another word each time it is used; the others keep theirs for the whole
    story. ``{hero}``, ``{other}`` and ``{surname}`` are names that every theme draws from one list, so that a
    name tells nothing of the theme.
    """

    words: Mapping[str, tuple[str, ...]]
    passing: frozenset[str]
    titles: tuple[str, ...]
    openings: tuple[str, ...]
    middles: tuple[str, ...]
    turns: tuple[str, ...]
    endings: tuple[str, ...]


FIRST_NAMES: tuple[str, ...] = (
    "Mira", "Jonas", "Adaeze", "Tomas", "Yuki", "Elena", "Kofi", "Ingrid", "Rafael", "Noor", "Silas", "Priya",
    "Anton", "Leila", "Marcus", "Odile", "Bram", "Keiko", "Dario", "Freya", "Hassan", "Colette", "Viktor", "Amara",
    "Pascal", "Ruth", "Emil", "Saoirse", "Nadim", "Vera", "Lucien", "Thandi",
)  # fmt: skip

SURNAMES: tuple[str, ...] = (
    "Okafor", "Lindqvist", "Moreau", "Castellan", "Ito", "Brandt", "Farrow", "Achebe", "Novak", "Sorensen",
    "Valdez", "Whitlock", "Haddad", "Kowal", "Rao", "Delacroix", "Marsh", "Petrov", "Quill", "Tanaka", "Ashdown",
    "Ferreira", "Holm", "Keller",
)  # fmt: skip

_SPACE = Grammar(
    words={
        "ship": ("Meridian", "Halcyon", "Long Patience", "Cassini's Daughter", "Argent Dawn", "Kestrel",
                 "Perihelion", "Far Lantern", "Ostara", "Second Light"),
        "world": ("a frozen moon of Saturn", "the red desert of Mars", "a planet with two suns",
                  "the rim of a black hole", "an ocean world beneath the ice", "a silent asteroid belt",
                  "the dark side of Mercury", "a star that should not exist"),
        "role": ("pilot", "flight engineer", "astrobiologist", "mission commander", "navigator", "ship's doctor"),
        "fault": ("the oxygen recycler fails", "the reactor begins to leak", "contact with Earth goes dead",
                  "a meteor storm tears the hull", "the fuel runs low", "the sleeping crew will not wake"),
        "find": ("a signal older than the sun", "the wreck of an earlier mission", "a city under the dust",
                 "something alive in the ice", "a door made of light", "an alien beacon"),
        "tone": ("Last", "Silent", "Distant", "Infinite", "Cold", "Falling", "Burning", "Hollow", "Eleventh",
                 "Outer"),
        "thing": ("Orbit", "Horizon", "Signal", "Star", "Gravity", "Station", "Eclipse", "Voyage", "Moon", "Nebula"),
    },
    passing=frozenset({"role", "fault", "find"}),
    titles=("The {tone} {thing}", "{thing} of {surname}", "{tone} {thing}", "The {tone} {thing} of {surname}",
            "The {thing} beyond {ship}"),
    openings=(
        "{hero} {surname} is the {role} of the starship {ship}, bound for {world}.",
        "in the year of the third colony, the spacecraft {ship} leaves orbit to explore {world}.",
        "a small crew of astronauts has lived for four years aboard {ship} on the way to {world}.",
        "when a rescue call comes from {world}, {role} {hero} takes the only rocket that can reach it.",
        "the expedition ship {ship} carries {hero} and eleven other astronauts toward {world}.",
    ),
    middles=(
        "far from home, {fault} and every calculation must be made again.",
        "on the surface they discover {find}.",
        "{hero} and the {role} {other} must walk outside in their suits to repair the airlock.",
        "their probes come back from deep space with pictures of {find}.",
        "{other} wants to turn the spacecraft back to Earth, but gravity has already taken hold.",
        "weeks after landing, {fault}, and the colony has days to live.",
        "the onboard computer hides what it knows about {find}.",
    ),
    turns=(
        "then {fault}, and the crew must choose who returns to Earth.",
        "what waits for them in the void is {find}.",
        "to save the mission {hero} has to fly {ship} closer to the star than any human has gone.",
        "when the transmission from mission control ends, {hero} is the last voice in the solar system.",
        "{other} learns that the launch was never meant to bring them home.",
    ),
    endings=(
        "the galaxy will not be the same when they come back.",
        "somewhere among the stars, a new world is waiting.",
        "only one escape capsule is left.",
        "humanity's first step out of the solar system may be its last.",
        "it is a journey of light years, and it begins with a farewell.",
    ),
)  # fmt: skip

_ROMANCE = Grammar(
    words={
        "village": ("Sainte-Aurore", "Little Marlow", "Casavento", "Ballynure", "Olivar", "Kirschbach", "Hanami",
                    "Porto Claro", "Willowmere", "Vale do Mel"),
        "trade": ("baker", "florist", "schoolteacher", "beekeeper", "vintner", "clockmaker", "letter carrier",
                  "potter"),
        "visit": ("a painter from the city", "a widowed doctor", "a travelling musician", "a photographer on leave",
                  "an architect who has lost her faith in cities", "the heir of the old vineyard"),
        "feast": ("the harvest festival", "the midsummer dance", "a cousin's wedding", "the lantern fair",
                  "the first market of spring", "the cherry fete"),
        "knot": ("a letter that arrives ten years late", "a promise made to someone else",
                 "an old quarrel between two families", "a train ticket to the capital",
                 "the gossip of the whole square", "a secret engagement"),
        "tone": ("Summer", "Honey", "Lavender", "Slow", "Sunday", "Tender", "Second", "Apricot", "Gentle", "April"),
        "thing": ("Letters", "Kisses", "Orchard", "Promise", "Waltz", "Garden", "Bakery", "Hearts", "Wedding",
                  "Roses"),
    },
    passing=frozenset({"visit"}),
    titles=("{tone} {thing}", "The {thing} of {village}", "A {tone} in {village}",
            "{hero}, {other} and the {tone} {thing}", "{tone} {thing} in {village}"),
    openings=(
        "in the quiet village of {village}, the {trade} {hero} has given up on love.",
        "{hero} comes home to {village} to sell the family cottage and meets {other}, the local {trade}.",
        "every morning the {trade} of {village} leaves fresh flowers on the sill of {hero}.",
        "{visit} rents the room above the bakery in {village}, where {hero} works as a {trade}.",
        "{hero} and {other} were sweethearts as children in {village} and have not spoken since.",
    ),
    middles=(
        "over long summer evenings a friendship between neighbours turns into tenderness.",
        "they dance together at {feast}, and the whole village looks on.",
        "between them stands {knot}.",
        "{other} writes love letters that {hero} is too shy to answer.",
        "walks through the orchard and shared suppers bring two lonely hearts closer.",
        "the old women on the bench have already chosen the date of the wedding.",
        "at {feast}, {other} nearly says the words, and then {visit} arrives.",
    ),
    turns=(
        "then {knot} threatens to part the lovers.",
        "on the night of {feast}, {hero} must choose between the city and love.",
        "{other} packs a suitcase, and only a kiss on the station platform could change it.",
        "when {hero} falls ill, it is the {trade} who sits by the bed until morning.",
        "the whole of {village} conspires to bring the couple together again.",
    ),
    endings=(
        "love, it turns out, was living next door.",
        "some hearts need a second spring.",
        "it ends, as it should, with a wedding under the lime trees.",
        "a tender romance about coming home and daring to love.",
        "and nobody in the village will ever tell who lit the lanterns.",
    ),
)  # fmt: skip

_HEIST = Grammar(
    words={
        "target": ("the vault of the Banque Royale", "a casino on the harbour", "the diamond exchange",
                   "an armoured train", "the national museum", "a billionaire's private safe", "the gold reserve",
                   "an auction house"),
        "prize": ("forty million in bearer bonds", "the Sorrow of Lahore diamond", "a stolen Vermeer",
                  "two tons of bullion", "a ledger that could sink a government", "the crown's emeralds"),
        "skill": ("safecracker", "getaway driver", "hacker", "forger", "con artist", "pickpocket",
                  "explosives expert"),
        "foe": ("a relentless detective", "the mob boss who owns the city", "a rival crew of thieves",
                "the insurance investigator {surname}", "a crooked police captain"),
        "slip": ("one of the thieves is an informer", "the alarm code has been changed", "the tunnel floods",
                 "the guards come back early", "the painting is a fake", "the driver never shows up"),
        "tone": ("Perfect", "Midnight", "Crooked", "Clean", "Double", "Velvet", "Inside", "Thirteenth", "Borrowed",
                 "Cold"),
        "thing": ("Vault", "Score", "Job", "Diamond", "Getaway", "Take", "Alibi", "Safe", "Con", "Heist"),
    },
    passing=frozenset({"skill"}),
    titles=("The {tone} {thing}", "{tone} {thing}", "The {surname} {thing}", "{hero}'s {tone} {thing}",
            "{hero} and the {tone} {thing}"),
    openings=(
        "fresh out of prison, {skill} {hero} {surname} gathers a crew to rob {target}.",
        "{hero}, a retired {skill}, is pulled back for one last job: {target}.",
        "five criminals who have never met plan the robbery of {target}.",
        "{hero} and {other} have ninety seconds and a stolen key to break into {target}.",
        "the best {skill} in Europe owes money to {foe}, and the only way out is to steal {prize}.",
    ),
    middles=(
        "inside waits {prize}, behind lasers, steel and armed guards.",
        "the plan needs a {skill}, a blueprint of the cellars and nerves of steel.",
        "they rehearse the break-in until every second is counted, while {foe} closes in.",
        "{other} slips in disguised as a guard and copies the keys.",
        "the thieves dig beneath the street toward {target} by night.",
        "on their trail is {foe}, who has waited years to catch the gang.",
        "each of them has a reason to run off with {prize} alone.",
    ),
    turns=(
        "on the night of the robbery {slip}.",
        "but {slip}, and the police are already in the building.",
        "{hero} discovers that the real target of the crime was never the money.",
        "with the loot in the van, {other} betrays the crew.",
        "the escape goes wrong when {slip}.",
    ),
    endings=(
        "the perfect crime needs the perfect thief.",
        "by dawn someone will be rich and someone will be in handcuffs.",
        "nobody robs the same bank twice, except {hero}.",
        "the double-cross was part of the plan all along.",
        "honour among thieves lasts exactly as long as the money.",
    ),
)  # fmt: skip

_HAUNTED = Grammar(
    words={
        "house": ("Blackthorn Manor", "the old rectory at Fennholm", "Ravenscar Hall", "a shuttered seaside hotel",
                  "the farmhouse on Crow Hill", "Ashgrove Asylum", "the Vandermere mansion",
                  "a boarded-up orphanage"),
        "sign": ("footsteps in the locked attic", "the songs of a child in the walls",
                 "bloody handprints on the mirrors", "doors that open at three in the morning",
                 "dead faces at the cellar window", "whispers from the nursery"),
        "ghost": ("a drowned bride", "the spirit of a murdered girl", "something without a face", "a vengeful nun",
                  "the dead twins of the portrait", "an ancient demon"),
        "fate": ("dies in their sleep", "vanishes into the walls", "speaks with another's voice",
                 "will not leave the cellar", "draws the same black door", "sees their own funeral"),
        "newcomer": ("a young family", "a grieving mother", "a caretaker and his son", "four students",
                     "a paranormal sceptic", "two estranged sisters"),
        "tone": ("Whispering", "Pale", "Seventh", "Buried", "Hollow", "Weeping", "Black", "Locked", "Nameless",
                 "Rotting"),
        "thing": ("Attic", "Nursery", "Seance", "Grave", "Cellar", "Mirror", "Curse", "Veil", "Haunting", "Shadow"),
    },
    passing=frozenset({"sign", "fate"}),
    titles=("The {tone} {thing}", "{tone} {thing}", "The {thing} of {surname} House", "The {surname} {thing}",
            "What {hero} Saw in the {thing}"),
    openings=(
        "{newcomer} moves into {house}, where nobody has slept for thirty years.",
        "{hero} inherits {house} and on the first night hears {sign}.",
        "after a death in the family, {hero} and {other} take shelter in {house}.",
        "no one in the valley will say what happened in {house} to the {surname} children.",
        "{newcomer} is paid to spend one night in {house}, which the locals say is haunted.",
    ),
    middles=(
        "at first it is {sign}, and the dog that refuses to go upstairs.",
        "{other} begins to see {ghost} in every dark room.",
        "a seance in the parlour wakes {ghost}.",
        "an old diary tells of rituals, a burial and a curse on the house.",
        "one by one, each guest {fate}.",
        "candles go out, the priest flees, and in the dark come {sign}.",
        "{hero} finds a hidden grave beneath the floorboards.",
    ),
    turns=(
        "when {other} {fate}, {hero} understands that the house is feeding on them.",
        "the evil that lives there is {ghost}, and it wants a body.",
        "the doors lock by themselves, and the screams begin.",
        "to end the haunting {hero} must go down into the darkness of the cellar.",
        "by the time they believe in ghosts, {other} is already possessed.",
    ),
    endings=(
        "the dead do not forgive.",
        "some doors should never be opened.",
        "no one leaves the house alive.",
        "terror lives in the walls.",
        "and in the attic, something is still awake.",
    ),
)  # fmt: skip

_SPORT = Grammar(
    words={
        "team": ("the Eastfield Rovers", "a girls' basketball squad from the docks", "a bankrupt rowing club",
                 "the worst hockey team in the league", "a school relay team", "the Harbour Street boxing gym"),
        "sport": ("football", "basketball", "boxing", "swimming", "hockey", "marathon running", "cycling", "rowing"),
        "coach": ("a disgraced former champion", "a janitor who once played for the nation", "their maths teacher",
                  "an old trainer with one good knee", "a coach nobody else would hire"),
        "trial": ("a broken ankle", "the closing of their stadium", "a humiliating defeat",
                  "a rival with rich sponsors", "a ban for something they did not do", "the death of their captain"),
        "cup": ("the national championship", "the city final", "the Olympic trials", "the league cup",
                "the title fight", "the regional tournament"),
        "tone": ("Extra", "Final", "Last", "Underdog", "Hard", "Golden", "Second", "Raw", "Home", "Long"),
        "thing": ("Round", "Season", "Whistle", "Lap", "Champions", "Corner", "Stretch", "Victory", "Team", "Mile"),
    },
    passing=frozenset({"trial"}),
    titles=("{tone} {thing}", "The {tone} {thing}", "{hero}'s {tone} {thing}", "The {surname} {thing}",
            "Coach {surname} and the {tone} {thing}"),
    openings=(
        "{team} have not won a match in six years when {coach} takes over.",
        "{hero} {surname}, a dock worker with a gift for {sport}, has one season to reach {cup}.",
        "{coach} finds {hero} training alone at night and sees a champion.",
        "nobody believes that {team} belong in {cup}.",
        "too small and too slow, {hero} is cut from every {sport} team in town.",
    ),
    middles=(
        "dawn training, blisters and laps in the rain slowly turn losers into athletes.",
        "{coach} makes them run until they play as a team.",
        "then comes {trial}, and half the players want to quit.",
        "{hero} and the rival {other} must learn to pass to each other.",
        "win by win, the underdogs climb the table toward {cup}.",
        "with no money for kit or travel, the whole neighbourhood pays their way to {cup}.",
        "in the locker room {other} gives the speech that changes everything.",
    ),
    turns=(
        "on the eve of {cup}, {trial} puts everything at risk.",
        "one goal down with a minute to play, {hero} asks for the ball.",
        "to reach {cup}, {hero} must face the opponent who once beat them in front of everyone.",
        "{trial} costs them their best player just before the final.",
        "the crowd is on its feet as {hero} lines up for {cup} against all odds.",
    ),
    endings=(
        "it was never about the medal.",
        "a true underdog story of sweat, grit and teamwork.",
        "victory belongs to those who get up once more.",
        "the final whistle is only the beginning.",
        "champions are made when nobody is watching.",
    ),
)  # fmt: skip

_COURT = Grammar(
    words={
        "realm": ("the kingdom of Aldermark", "the imperial court of Veyra", "Versailles", "the duchy of Montferrat",
                  "the Ottoman palace", "the palace of Navarre", "the winter palace", "the Tudor court"),
        "rank": ("lady-in-waiting", "royal cousin", "ambassador", "bastard prince", "court physician", "young queen",
                 "chancellor's daughter"),
        "ruler": ("the ageing king", "a child emperor", "the widowed queen", "the paranoid duke",
                  "the dying sultan"),
        "plot": ("a poisoned cup", "a forged treaty", "a secret heir", "a letter sealed with the wrong ring",
                 "a marriage of alliance", "an assassin among the masked dancers"),
        "foe": ("the cardinal", "the lord chancellor", "the queen mother", "the captain of the guard",
                "the spymaster"),
        "tone": ("Crimson", "Velvet", "Last", "Poisoned", "Gilded", "Hollow", "Winter", "Bastard", "Silver",
                 "Forgotten"),
        "thing": ("Crown", "Throne", "Regent", "Favourite", "Treaty", "Masque", "Dagger", "Heir", "Court",
                  "Coronation"),
    },
    passing=frozenset({"plot"}),
    titles=("The {tone} {thing}", "The {thing} of {hero}", "{tone} {thing}", "The {surname} {thing}",
            "{hero}, the {tone} {thing}"),
    openings=(
        "at {realm}, the {rank} {hero} learns that {ruler} is to be murdered.",
        "when {ruler} names no successor, the nobles of {realm} begin to sharpen their knives.",
        "the {rank} {hero} arrives at {realm} and is drawn into the schemes of {foe}.",
        "behind the silk screens of {realm}, {ruler} trusts no one but the {rank} {hero}.",
        "two noble houses have fought over {realm} for a century, and the {rank} {hero} belongs to both.",
    ),
    middles=(
        "{foe} plans {plot}.",
        "alliances are made at supper and broken before the candles burn down.",
        "{other}, the royal favourite, sells secrets to a foreign crown.",
        "rumours of {plot} run through the palace corridors.",
        "{hero} trades whispers with ambassadors and learns to lie in four languages.",
        "a masked ball hides spies, duels and {plot}.",
        "the succession hangs on {plot}, and {foe} knows it.",
    ),
    turns=(
        "when {plot} comes to light, {hero} must betray {other} or face the axe.",
        "the coronation becomes a trap laid by {foe}.",
        "with the king's army at the gates, {foe} seizes the throne.",
        "{hero} realises too late that {other} is the true heir.",
        "accused of treason, {hero} has one night in the tower to bargain with {ruler}.",
    ),
    endings=(
        "a crown is heavier than it looks.",
        "at court, loyalty is only a matter of price.",
        "one signature will decide who rules.",
        "power, jealousy and ambition burn behind the palace doors.",
        "history will remember only the one who kept the throne.",
    ),
)  # fmt: skip

GRAMMARS: tuple[Grammar, ...] = (_SPACE, _ROMANCE, _HEIST, _HAUNTED, _SPORT, _COURT)
