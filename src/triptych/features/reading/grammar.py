"""Grammar: the closed classes of English, its commonest verbs with their forms, and what class a word may have."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Flag, auto
from functools import lru_cache

from triptych.features.reading.rules import listed

#: Changed whenever the rules of clauses give other clauses; the lists speak for themselves.
RULES = 1

ARTICLES = listed("a an the")
POSSESSIVES = listed("his her its their my our your whose")
DETERMINERS = (
    ARTICLES
    | POSSESSIVES
    | listed(
        "this that these those some any every each no another both all many several few much most more enough either "
        "neither such what various certain countless numerous other own only"
    )
)
NUMERALS = listed(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands "
    "million millions billion dozen dozens"
)
PREPOSITIONS = listed(
    "of in on at to from with by for about against into onto over under through between among amongst during "
    "after before behind near off without within upon toward towards across along around amid amidst beneath "
    "beside besides beyond despite except inside outside like unlike since until till via aboard above below "
    "throughout as per amidst alongside following including concerning regarding down up out past than"
)
PARTICLES = listed("up out off over away back down in on along")
SUBORDINATORS = listed(
    "when while after before because although though if unless since until once as whereas where whenever "
    "wherever whether till lest"
)
COORDINATORS = listed("and or but nor yet so plus")
SUBJECT_PRONOUNS = listed("he she it they we you i who there nobody everybody somebody")
PRONOUNS = SUBJECT_PRONOUNS | listed(
    "him them us me himself herself itself themselves myself yourself ourselves everyone everything someone "
    "something anyone anything no-one nothing others another one none both all himself this that these those "
    "somebody mine hers theirs ours each most many few"
)
OBJECT_PRONOUNS = listed("him her them us me you it")
RELATIVES = listed("who whom whose which that where")
BE = listed("is are was were be been being am 's 're 'm isn't aren't wasn't weren't")
HAVE = listed("has have had having 've 'd hasn't haven't hadn't")
DO = listed("does do did doesn't don't didn't")
MODALS = listed(
    "will would can could may might must shall should cannot can't won't wouldn't couldn't shouldn't mustn't 'll"
)
AUXILIARIES = BE | HAVE | DO | MODALS
LINKING = listed("become seem remain appear stay")
#: Verbs after which a person may stand before the thing: gives him a book.
GIVING = listed(
    "give tell send show offer teach ask lend hand bring sell write pay promise leave buy cost deny grant owe "
    "read feed win"
)
#: Verbs that name: named Andy, called Rosebud. As participles they follow a noun and begin no sentence's verb.
NAMING = listed("named called nicknamed dubbed titled entitled aged based set born known")
ADVERBS = listed(
    "not never soon now then also still just even again always often once ever together instead later however "
    "meanwhile too very almost already eventually here there perhaps well quite rather finally far only else "
    "alone anyway sometimes somehow today tonight tomorrow yesterday thus therefore indeed apart ahead first "
    "twice forever nevertheless nonetheless otherwise further right straight n't upstairs downstairs home abroad "
    "overnight suddenly"
)
#: They end in -ly and are no adverbs.
_NO_ADVERBS = listed(
    "emily billy sally molly polly kelly holly lily nelly tilly willy july "
    "family fly ally bully reply supply only lovely lonely deadly friendly ugly silly early elderly unlikely "
    "likely holy monopoly assembly anomaly jelly belly italy sicily homely orderly ghostly deathly costly "
    "cowardly daily weekly monthly heavenly worldly earthly scholarly butterfly apply rely comply multiply"
)

#: Base forms of verbs that tell a plot.
_REGULAR = """
abandon abduct abuse accept accompany accuse achieve act adapt admire admit adopt advise affect agree aid aim allow
alter amuse announce annoy answer appear appoint approach arrange arrest arrive ask assassinate assault assign
assist assume attack attempt attend attract audition avenge avoid await ban baptize bargain battle beg believe
belong betray blackmail blame bless block board bomb borrow bother brainwash bully burn bury call cancel capture
care carry cause celebrate challenge change charge charm chase cheat check choreograph chronicle claim clash clean
clear climb clone collaborate collapse collect collide combat combine commit compete complete complicate comprise
conceal concern conclude concoct conduct confess confirm conflict confront confuse connect conquer consider conspire
construct contact contain continue contract control convert convince cook cope corner corrupt counsel counter court
cover crash crave create cross crush cure dance dare date deceive decide declare decline dedicate defeat defend defy
delay deliver demand depart depend depict deprive descend describe desert deserve desire despise destroy detail
detect detest develop devastate devise devote die dig direct disappear disapprove discover discuss disguise dislike
dismiss display dispute disrupt distract disturb divide divorce document dominate doubt drag dress drift drop drown
dub dump earn ease educate elope embark embrace emerge employ enable encounter encourage end endanger endure engage
enjoy enlist enroll ensue ensnare enter entertain entrust envy escape escort establish evade evolve examine exchange
execute exist expect experience explain explode exploit explore expose express face fail fake fit fall fear feature
fetch film finance finish fire fix flash flee flirt flourish focus follow fool force forge form foil frame free
frighten fulfil fulfill function fund gain gamble gather gaze govern grab grant grapple graduate greet grieve guard
guess guide handle happen harass hate haunt head heal help hesitate hijack hire honor hope hunt hurry identify
ignore imagine impersonate implicate impress imprison improve include increase infect infiltrate inform inhabit
inherit injure inquire insist inspire instruct insult intend interfere interrogate interrupt interview intervene
introduce invade invent invest investigate invite involve issue join journey judge jump justify kidnap kill kiss
knock label lack land last laugh launch lecture liberate lie lift like limit link listen live locate lock long look
loom love lure mail maintain manage manipulate march mark marry massacre master match meddle menace mend mention
merge mistreat moderate mourn move mug murder name narrate narrow need neglect negotiate nominate note notice nurse
obey object observe obsess obtain occupy occur offend offer open operate oppose orchestrate order organize orphan
oversee overwhelm own pair paint pardon park part participate pass patrol pause peak perform permit persuade
photograph pick pilot plague plan plant play plead please plot plunge point poison ponder pose possess post pour
practice pray preach predict prefer prepare present preserve press pretend prevail prevent probe proceed proclaim
produce profess promise promote prompt propose prosecute protect protest prove provide provoke pull punish purchase
pursue push question quarrel quest race raid rain raise range ransack rape reach react realise realize rebel rebuild
recall receive reclaim recognise recognize recommend reconcile reconnect recount recover recreate recruit rediscover
reenact refer reflect reform refuse regain register regret reign reject relate release relent relive rely remain
remark remember remind remove rename renew rent repair repent replace reply report represent request rescue resemble
resist resolve resort respond rest restore result resume retire retreat retrieve return reunite reveal revisit
revolve reward risk rob rock romance ruin rule rush sabotage sacrifice sail salvage save scare scheme score scour
scream search seduce seek seem select separate serve settle shape share shatter shelter shift shock shop shout shun
sign silence slay slaughter slip smoke smuggle solve sort spare spark specialize spiral squander squat stab stage
stalk stare star start starve state stay stop storm strain strand stray strangle strengthen stress strip struggle
study stumble stun submit succeed succumb suffer suffice suggest supervise supply support suppose surf surprise
surround surrender survive suspect suspend swap switch symbolize taint talk tame target tackle taunt tease tempt
terrify terrorise terrorize test testify thank thaw threaten thrive thwart torment torture touch tour trace track
trade trail train transfer transform transport trap travel traverse treat trick trigger try turn uncover undergo
unfold unite unleash unlock unmask unravel update urge use utilize vacation value vanish venture victimize view
visit volunteer vote vow wager wait walk wander want warn wash waste watch weaken welcome whisk wish witness wonder
woo work worry worship wound wreak wrestle yearn yield bond blend blossom bloom boast bounce brace bribe browse
campaign cater cease cherish clerk coach coax coincide compose comfort command compel confide consist console
consult contemplate contend convey correspond crown cruise culminate decipher defect demonstrate denounce derail
detain determine dine disband discredit disobey dissolve dream drill emigrate empower enchant enforce enslave
entangle entice entrap escalate evacuate exact exile exorcise extort fabricate fashion fascinate father ferry flock
float forbid fret fuel glimpse glorify hack hail harbor harvest host hound humiliate hypnotize idolize immerse
impose incite indulge inflict initiate insure interact intersect intertwine intrigue isolate jail juggle lament
languish lavish linger lobby lurk mask masquerade mastermind mature meander mentor migrate mimic mine mingle mix
mock model motivate navigate orbit outlive outsmart outwit parody party patch peddle perish persecute persist pester
petition pine plummet premiere prey procure progress prowl quarantine recite reckon reconstruct redeem reinvent
rekindle relax relocate resurrect reminisce renounce resign resurface retaliate retell retrace reunify revive revolt
roam sample satirize savor scam scatter scold scrape scrutinize seclude sense shadow shield ship shower skate sketch
ski slide soar spy squabble stack stagger strive summon supplant surface swindle team tend thirst toil topple toy
trespass trust tutor undermine undertake unearth unwind vandalize vie violate wage wallow whip wield zoom dispatch
adore appease deny vary herd scrounge backfire fantasize notify harm cooperate rehearse depose hatch
"""
#: base, past, participle; where there are two of one, the commoner.
_IRREGULAR = """
be was been/have had had/do did done/go went gone/get got got/make made made/take took taken/come came come
see saw seen/find found found/give gave given/tell told told/know knew known/think thought thought
become became become/leave left left/feel felt felt/bring brought brought/begin began begun/keep kept kept
hold held held/write wrote written/stand stood stood/hear heard heard/let let let/mean meant meant/set set set
meet met met/run ran run/pay paid paid/sit sat sat/speak spoke spoken/lead led led/read read read/grow grew grown
lose lost lost/fall fell fallen/send sent sent/build built built/break broke broken/spend spent spent/cut cut cut
rise rose risen/drive drove driven/buy bought bought/wear wore worn/choose chose chosen/seek sought sought
throw threw thrown/catch caught caught/deal dealt dealt/win won won/forget forgot forgotten/lay laid laid
sell sold sold/fight fought fought/bear bore borne/teach taught taught/eat ate eaten/sing sang sung
strike struck struck/hang hung hung/shake shook shaken/ride rode ridden/feed fed fed/shoot shot shot
drink drank drunk/hit hit hit/arise arose arisen/fly flew flown/spread spread spread/sleep slept slept
hide hid hidden/steal stole stolen/flee fled fled/swear swore sworn/swim swam swum/put put put/draw drew drawn
hurt hurt hurt/beat beat beaten/bite bit bitten/blow blew blown/breed bred bred/cast cast cast/cling clung clung
creep crept crept/fling flung flung/forbid forbade forbidden/foresee foresaw foreseen/forgive forgave forgiven
freeze froze frozen/grind ground ground/lend lent lent/light lit lit/overcome overcame overcome
overhear overheard overheard/quit quit quit/rid rid rid/ring rang rung/shut shut shut/sink sank sunk
slay slew slain/spin spun spun/split split split/spring sprang sprung/stick stuck stuck/sting stung stung
sweep swept swept/swing swung swung/tear tore torn/undergo underwent undergone/understand understood understood
undertake undertook undertaken/wake woke woken/awake awoke awoken/awaken awakened awakened/weave wove woven
withdraw withdrew withdrawn/bet bet bet/bend bent bent/bind bound bound/bleed bled bled/burst burst burst
dig dug dug/dream dreamt dreamt/mislead misled misled/mistake mistook mistaken/oversee oversaw overseen
overtake overtook overtaken/rebuild rebuilt rebuilt/retell retold retold/shed shed shed/shine shone shone
wind wound wound/wring wrung wrung/kneel knelt knelt/sneak snuck snuck/outrun outran outrun
partake partook partaken/foretell foretold foretold/strive strove striven/withstand withstood withstood
"""


class Form(Flag):
    """What a word may be as a verb; several at once, as ``cut``."""

    NONE = 0
    BASE = auto()
    S = auto()
    PAST = auto()
    PARTICIPLE = auto()
    ING = auto()


_SIBILANTS = ("s", "x", "z", "ch", "sh", "o")
#: Two syllables, and the last letter is doubled all the same.
_DOUBLED = listed("abet admit begin commit control compel forbid forget occur prefer propel refer regret submit")
_VOWELS = "aeiou"


def third_person(base: str) -> str:
    if base.endswith("y") and base[-2:-1] not in _VOWELS:
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(_SIBILANTS) else "s")


def _stem(base: str) -> str:
    """What -ed and -ing are put to."""
    short = sum(a in _VOWELS for a in base) == 1 or base in _DOUBLED
    closed = len(base) > 2 and base[-1] not in f"{_VOWELS}wxy" and base[-2] in _VOWELS and base[-3:-2] not in _VOWELS
    return base + base[-1] if short and closed else base


@lru_cache(maxsize=1)
def forms() -> Mapping[str, Form]:
    """Every form of the verbs known here."""
    found: dict[str, Form] = {}

    def add(word: str, form: Form) -> None:
        found[word] = found.get(word, Form.NONE) | form

    def regular(base: str, *, past: bool) -> None:
        add(base, Form.BASE)
        add(third_person(base), Form.S)
        stem = _stem(base)
        if past:
            ed = base + "d" if base.endswith("e") else stem + "ed"
            add(
                base[:-1] + "ied" if base.endswith("y") and base[-2] not in _VOWELS else ed, Form.PAST | Form.PARTICIPLE
            )
        bare = base[:-1] if base.endswith("e") and not base.endswith(("ee", "oe", "ye")) else stem
        add(base[:-2] + "ying" if base.endswith("ie") else bare + "ing", Form.ING)

    for base in _REGULAR.split():
        regular(base, past=True)
    for line in _IRREGULAR.replace("\n", "/").split("/"):
        if line.strip():
            base, past, participle = line.split()
            regular(base, past=False)
            add(past, Form.PAST)
            add(participle, Form.PARTICIPLE)
    return found


@lru_cache(maxsize=1)
def _bases() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in _IRREGULAR.replace("\n", "/").split("/"):
        if line.strip():
            base, past, participle = line.split()
            found |= {past: base, participle: base}
    return found


def base_of(word: str) -> str:
    """The base form of a known verb's -s, past or participle form; the word itself where it is not known.

    >>> base_of("gave"), base_of("becomes")
    ('give', 'become')
    """
    known = forms()
    if word in _bases():
        return _bases()[word]
    for tail, instead in (("ies", "y"), ("es", ""), ("s", ""), ("d", ""), ("ed", ""), ("ied", "y")):
        if word.endswith(tail):
            base = word[: -len(tail)] + instead
            if Form.BASE in known.get(base, Form.NONE) and not word.endswith("ss"):
                return base
    return word


def is_adverb(word: str) -> bool:
    return word in ADVERBS or (word.endswith("ly") and len(word) > 4 and word not in _NO_ADVERBS)
