"""Stop words: the words that a language cannot do without and that say nothing of what a text is about.

They are the closed classes: articles, pronouns, prepositions, conjunctions, particles, auxiliary and modal verbs in
their common forms, and the adverbs that do a conjunction's work. No word is here only because it is frequent:
*man* and *love* may be what a film is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from triptych.errors import UnknownName
from triptych.features.reading.rules import digest_of
from triptych.features.reading.words import folded

_ENGLISH = """
a an the this that these those each every either neither some any no none all both half several few fewer fewest many
more most much less least little enough such other others another same own i me my mine myself we us our ours
ourselves you your yours yourself yourselves thou thee thy thine ye he him his himself she her hers herself it its
itself they them their theirs themselves one one's oneself who whom whose which what whoever whomever whichever
whatever someone somebody something anyone anybody anything everyone everybody everything no-one nobody nothing about
above across after against along alongside amid amidst among amongst around as at atop before behind below beneath
beside besides between beyond by despite down during except for from in inside into like near of off on onto opposite
out outside over past per since than through throughout till to toward towards under underneath unlike until unto up
upon versus via vs with within without and or nor but yet so if then else unless because although though while whilst
whereas whether lest once when whenever where wherever whence why how however therefore thus hence moreover
nevertheless nonetheless otherwise instead meanwhile be am is are was were been being have has had having do does did
doing done can could may might must shall should will would ought cannot not never ever also too very quite rather
just only even still already again almost always often sometimes soon now here there thereby therein perhaps maybe
indeed yes oh etc away back ago apart together well ain't aren't can't couldn't didn't doesn't don't hadn't hasn't
haven't isn't mightn't mustn't needn't shan't shouldn't wasn't weren't won't wouldn't i'm i'll i'd i've you're you'll
you'd you've he's he'll he'd she's she'll she'd it's it'll it'd we're we'll we'd we've they're they'll they'd they've
that's that'll that'd there's there'll who's who'll who'd what's where's when's why's how's here's let's y'all
"""

_FRENCH = """
le la les l' un une des du de d' au aux ce cet cette ces mon ma mes ton ta tes son sa ses notre nos votre vos leur
leurs c' quel quelle quels quelles chaque quelque quelques plusieurs tout toute tous toutes aucun aucune nul nulle
certain certaine certains certaines autre autres même mêmes tel telle tels telles je j' me m' moi tu te t' toi il elle
on se s' soi lui nous vous ils elles eux y en ça cela ceci celui celle ceux celles celui-ci celui-là celle-ci celle-là
ceux-ci ceux-là celles-ci celles-là moi-même toi-même lui-même elle-même soi-même nous-mêmes vous-mêmes eux-mêmes
elles-mêmes mien mienne miens miennes tien tienne tiens tiennes sien sienne siens siennes nôtre nôtres vôtre vôtres
qui que qu' quoi dont où lequel laquelle lesquels lesquelles auquel auxquels auxquelles duquel desquels desquelles
quelqu'un quelqu'une quiconque personne rien à après avant avec chez contre dans depuis derrière dès devant durant
entre envers hormis hors jusque jusqu' jusqu'à jusqu'au malgré outre par parmi pendant pour près sans sauf selon sous
sur vers via afin lors et ou ni mais or donc car si comme quand lorsque lorsqu' puisque puisqu' quoique quoiqu' parce
tandis alors ainsi cependant pourtant toutefois néanmoins sinon aussi être suis es est sommes êtes sont étais était
étions étiez étaient fus fut fûmes fûtes furent serai seras sera serons serez seront serais serait serions seriez
seraient sois soit soyons soyez soient fût été étant avoir ai as a avons avez ont avais avait avions aviez avaient eus
eut eûmes eûtes eurent aurai auras aura aurons aurez auront aurais aurait aurions auriez auraient aie aies ait ayons
ayez aient eût eu eue eues ayant faire fait faut doit doivent devait peut peuvent pouvait va vont ne n' pas plus
jamais point guère non oui très trop peu moins assez bien tant tellement encore déjà toujours souvent ici là là-bas ci
voici voilà puis ensuite enfin comment pourquoi combien c'est c'était n'est n'a n'ont n'était j'ai l'on l'un l'une
l'autre d'un d'une d'autres qu'il qu'elle qu'ils qu'elles qu'on qu'un qu'une s'est s'il s'ils aujourd'hui est-ce
a-t-il
"""

_GERMAN = """
der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner keines dieser diese dieses
diesen diesem jener jene jenes jenen jenem jeder jede jedes jeden jedem mancher manche manches manchen manchem solcher
solche solches solchen solchem welcher welche welches welchen welchem alle alles allen allem aller beide beiden beider
einige einigen einiger einiges etliche mehrere mehreren mehrerer viel viele vielen vieler wenig wenige wenigen weniger
mehr meisten anderer andere anderes anderen anderem selbe selben derselbe dieselbe dasselbe denselben demselben ich
mich mir meiner du dich dir deiner er ihn ihm seiner sie ihr ihnen ihrer es wir uns unser euch euer man sich einander
mein meine meinen meinem meines dein deine deinen deinem deines sein seine seinen seinem seines ihre ihren ihrem ihres
unsere unseren unserem unseres unserer eure euren eurem eures eurer wer wen wem wessen was jemand jemanden jemandem
niemand niemanden niemandem etwas nichts selbst selber ab an auf aus außer außerhalb bei bis durch entlang für gegen
gegenüber hinter in innerhalb mit nach neben ohne seit statt anstatt trotz über um unter von vor während wegen wider
zu zwischen zwecks am ans aufs beim fürs im ins vom vors zum zur übers ums unterm und oder aber denn sondern sowie
sowohl weder noch entweder als ob wenn weil da daß dass damit obwohl obgleich bevor ehe nachdem sobald solange sodass
falls indem wie wo wohin woher wann warum weshalb wieso worin woran worauf wobei wodurch wofür womit wovon wozu dabei
dadurch dafür dagegen daher dahin danach daneben daran darauf daraus darin darüber darum darunter davon davor dazu
dazwischen deren dessen denen also doch jedoch dennoch deshalb deswegen trotzdem allerdings außerdem bin bist ist sind
seid war warst waren wart wäre wären gewesen habe hab hast hat haben habt hatte hattest hatten hattet hätte hätten
gehabt werde wirst wird werden werdet wurde wurden worden würde würden geworden kann kannst können könnt konnte
konnten könnte könnten muss muß müssen musste mussten müsste soll sollen sollte sollten will wollen wollte wollten
darf dürfen durfte durften mag mögen mochte möchte möchten lassen lässt nicht nie niemals nur auch sehr so ja nein
schon immer wieder hier dort dann nun jetzt oft fast ganz gar etwa bald sonst zwar eben mal hin her heraus hinaus
herum weg einmal
"""

_SPANISH = """
el la los las lo un una unos unas del al este esta estos estas esto ese esa esos esas eso aquel aquella aquellos
aquellas aquello mi mis tu tus su sus nuestro nuestra nuestros nuestras vuestro vuestra vuestros vuestras mío mía míos
mías tuyo tuya tuyos tuyas suyo suya suyos suyas cada algún alguno alguna algunos algunas ningún ninguno ninguna todo
toda todos todas otro otra otros otras mismo misma mismos mismas tal tales varios varias mucho mucha muchos muchas
poco poca pocos pocas más menos tanto tanta tantos tantas cualquier cualquiera ambos ambas demás propio propia propios
propias yo me mí conmigo tú te ti contigo él ella ello usted ustedes nosotros nosotras vosotros vosotras ellos ellas
nos os le les se sí consigo que quien quienes cual cuales cuyo cuya cuyos cuyas qué quién quiénes cuál cuáles alguien
nadie algo nada uno a ante bajo con contra de desde durante en entre hacia hasta mediante para por según sin sobre
tras excepto salvo y e o u ni pero mas sino aunque porque pues si como cuando donde mientras así entonces luego además
cómo cuándo dónde adónde cuánto cuánta cuántos cuántas ser soy eres es somos sois son era eras éramos erais eran fui
fuiste fue fuimos fuisteis fueron seré serás será seremos seréis serán sería serían sea seas seamos sean fuera fueran
fuese sido siendo estar estoy estás está estamos estáis están estaba estaban estuvo estuvieron esté estén estado
estando haber he has ha hemos habéis han había habías habíamos habían hubo hay haya hayan hubiera hubieran habrá
habrán habría habido tener tengo tienes tiene tenemos tienen tenía tenían tuvo poder puede pueden podía podían podrá
podría pudo deber debe deben debía debería va van ir no nunca jamás también tampoco sólo solo muy ya aún todavía
siempre casi aquí ahí allí allá ahora antes después tan bien quizá quizás acaso
"""

_ITALIAN = """
il lo la i gli le l' un uno una un' del dello della dell' dei degli delle al allo alla all' ai agli alle dal dallo
dalla dall' dai dagli dalle nel nello nella nell' nei negli nelle sul sullo sulla sull' sui sugli sulle col coi questo
questa questi queste quest' quello quella quelli quelle quel quei quegli quell' mio mia miei mie tuo tua tuoi tue suo
sua suoi sue nostro nostra nostri nostre vostro vostra vostri vostre loro ogni qualche alcuno alcuna alcuni alcune
nessun nessuno nessuna tutto tutta tutti tutte altro altra altri altre stesso stessa stessi stesse tale tali molto
molta molti molte poco poca pochi poche più meno tanto tanta tanti tante troppo parecchi entrambi entrambe proprio
propria propri proprie io me mi tu te ti egli ella esso essa lui lei noi ci voi vi essi esse li ne si sé che chi cui
quale quali quanto quanta quanti quante qualcuno qualcosa niente nulla ciò chiunque ciascuno ciascuna a ad con contro
da di d' dentro dietro dopo dove durante entro fino fra fuori in lungo mediante oltre per presso prima senza sopra
sotto su tra tranne verso via e ed o od oppure né ma però bensì anzi se come quando mentre perché poiché affinché
benché sebbene finché quindi dunque perciò pertanto allora così inoltre tuttavia infatti cioè essere sono sei è siamo
siete ero eri era eravamo eravate erano fui fosti fu fummo foste furono sarò sarai sarà saremo sarete saranno sarei
sarebbe sarebbero sia siano fosse fossero stato stata stati state essendo avere ho hai ha abbiamo avete hanno avevo
avevi aveva avevamo avevate avevano ebbe ebbero avrà avranno avrei avrebbe avrebbero abbia abbiano avesse avessero
avuto avendo può possono poteva potevano potrà potrebbe deve devono doveva dovevano dovrà dovrebbe vuole viene vengono
fa fare va vanno sta stanno non mai anche neanche nemmeno solo soltanto già ancora sempre spesso ormai poi ora adesso
qui qua lì là bene quasi forse sì no c'è c'era c'erano com'è cos'è dov'è l'altro l'altra un'altra
"""

_PORTUGUESE = """
o a os as um uma uns umas do da dos das no na nos nas ao à aos às pelo pela pelos pelas num numa nuns numas dum duma
este esta estes estas isto esse essa esses essas isso aquele aquela aqueles aquelas aquilo deste desta destes destas
disto desse dessa desses dessas disso daquele daquela daqueles daquelas daquilo neste nesta nestes nestas nisto nesse
nessa nesses nessas nisso naquele naquela naqueles naquelas naquilo meu minha meus minhas teu tua teus tuas seu sua
seus suas nosso nossa nossos nossas vosso vossa vossos vossas cada algum alguma alguns algumas nenhum nenhuma todo
toda todos todas tudo outro outra outros outras mesmo mesma mesmos mesmas tal tais vários várias muito muita muitos
muitas pouco pouca poucos poucas mais menos tanto tanta tantos tantas qualquer quaisquer ambos ambas próprio própria
próprios próprias demais eu me mim comigo tu te ti contigo você vocês ele ela eles elas nós vós vos lhe lhes se si
consigo conosco dele dela deles delas nele nela neles nelas que quem qual quais cujo cuja cujos cujas alguém ninguém
algo nada ante após até com contra de desde durante em entre para perante por sem sob sobre trás exceto pra pro e ou
nem mas porém contudo todavia entretanto embora porque pois como quando onde enquanto assim então logo portanto aonde
quanto quanta quantos quantas porquê ser sou és é somos sois são era eras éramos eram fui foste foi fomos foram serei
será seremos serão seria seriam seja sejam fosse fossem for forem sido sendo estar estou estás está estamos estão
estava estavam esteve estiveram esteja estejam estivesse estado estando ter tenho tens tem temos têm tinha tinham teve
tiveram terá terão teria teriam tenha tenham tivesse tivessem tido tendo haver há havia haviam houve haja pode podem
podia podiam poderá poderia deve devem devia deveria vai vão ir não nunca jamais também tampouco só somente apenas já
ainda sempre quase aqui aí ali lá cá agora antes depois tão bem talvez sim
"""

_DUTCH = """
de het een 't 'n der den des dit dat deze die mijn m'n jouw je uw zijn z'n haar d'r ons onze jullie hun elk elke ieder
iedere enig enige enkele sommige alle al alles allen geen ander andere anderen zelfde dezelfde hetzelfde zulk zulke
zo'n veel vele weinig meer meest meeste minder beide beiden verschillende eigen ik mij me jij jou u hij hem zij ze wij
we hen zich zichzelf mezelf jezelf elkaar men wie wiens wat welk welke iemand niemand iets niets er iedereen zelf aan
achter bij binnen boven buiten door gedurende in langs met na naar naast om onder op over per rond rondom sinds te ten
ter tegen tegenover tijdens tot tussen uit van vanaf vanuit via volgens voor voorbij wegens zonder en of noch maar
want dus als dan omdat doordat zodat hoewel terwijl toen totdat voordat nadat zodra indien tenzij hoe waar waarom
wanneer waarin waarop waarmee waarbij waardoor waarvan waarna daar daarin daarop daarmee daarbij daardoor daarvan
daarna daarom hier hierin hierop hiermee hierbij hierdoor hiervan hierna ervan erop erin ermee eruit erbij echter toch
bovendien ben bent is was waren geweest wees heb hebt heeft hebben had hadden gehad word wordt worden werd werden
geworden zal zult zullen zou zouden kan kun kunt kunnen kon konden moet moeten moest moesten mag mogen mocht mochten
wil wilt willen wilde wilden wou doe doet doen deed gaat gaan ging laat laten niet nooit ook nog alleen slechts zeer
heel erg zo wel ja nee nu ooit altijd vaak weer steeds bijna eens even reeds pas misschien
"""

#: Language (ISO 639-1) → its stop words; English first, which wins where two fit a text alike.
_LISTS = {
    "en": _ENGLISH,
    "fr": _FRENCH,
    "de": _GERMAN,
    "es": _SPANISH,
    "it": _ITALIAN,
    "pt": _PORTUGUESE,
    "nl": _DUTCH,
}
LANGUAGES = tuple(_LISTS)

#: What French and Italian write before an apostrophe, for ``bare``.
_ELIDED = frozenset(
    ("c", "d", "j", "l", "m", "n", "s", "t", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu")
    + ("all", "dall", "dell", "nell", "sull", "un", "quell", "quest")
)


@lru_cache(maxsize=len(_LISTS))
def stop_words(language: str = "en") -> frozenset[str]:
    """The stop words of a language, folded; ``language`` is one of :data:`LANGUAGES`.

    >>> sorted(word for word in stop_words("nl") if word.startswith("hie"))
    ['hier', 'hierbij', 'hierdoor', 'hierin', 'hiermee', 'hierna', 'hierop', 'hiervan']
    """
    if language not in _LISTS:
        raise UnknownName("list of stop words for the language", language, _LISTS)
    return frozenset(folded(word).strip("'") for word in _LISTS[language].split())


def digest(language: str = "en") -> str:
    """What a recipe says of a list, so that a list that is mended makes another recipe."""
    return digest_of([stop_words(language), _ELIDED])


def bare(word: str) -> str:
    """A folded word without the English *'s* of possession and without an article or pronoun that was elided onto it.

    >>> bare("andy's"), bare("l'\u00e9t\u00e9"), bare("dell'arte"), bare("o'brien"), bare("don't")
    ('andy', 'été', 'arte', "o'brien", "don't")
    """
    if "'" not in word:
        return word
    if word.endswith("'s"):
        return word[:-2]
    before, _, after = word.partition("'")
    return after if before in _ELIDED else word


def language_of(words: Sequence[str], languages: Sequence[str] = LANGUAGES) -> str:
    """The language whose stop words are most of these folded words; where none leads, the first of ``languages``.

    >>> language_of("der mann mit dem hund".split()), language_of(["1984"])
    ('de', 'en')
    """
    counts = [sum(map(stop_words(language).__contains__, words)) for language in languages]
    return languages[counts.index(max(counts))]
