"""What a full stop may follow without ending a sentence, by language; plain lists, for readers to add to."""

# ruff: noqa: RUF001 - letters of other scripts are what these lists are about

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Abbreviations:
    """A language's abbreviations, without their last full stop, in lower case and without blanks.

    `inner` never end a sentence, `numbered` do not before a number, `closing` do before a capital letter, `named` only
    before one of the `starters`: words that begin a sentence even behind an initial, "St." or "U.S.". `days` are what
    a time of day (TIMES) goes on with.
    `ordinals` is whether "3." may mean the third, `ordinal_nouns` what is counted so and has a capital all the same.
    """

    inner: frozenset[str] = frozenset()
    numbered: frozenset[str] = frozenset()
    closing: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    starters: frozenset[str] = frozenset()
    days: frozenset[str] = frozenset()
    ordinals: bool = False
    ordinal_nouns: frozenset[str] = frozenset()


# Written in texts of any language.
INNER = "dr prof mr mrs ms mx mme mlle mgr rev gen col capt lt sgt hon vs cf ca approx e.g i.e viz"
NUMBERED = "no nos nr p pp vol vols fig figs art sec ch op tab eq tel"
CLOSING = "etc inc ltd co corp jr sr al"

INNER_OF: Mapping[str, str] = {
    "en": "gov sen rep pres supt esq maj cpl cmdr adm fr mt ft messrs incl excl est orig dept",
    "de": """hr hrn fr frl dipl ing bzw z.b z.t z.zt d.h d.i i.d.r i.a u.a u.u o.ä s.o s.u m.e v.a sog evtl ggf
        inkl exkl bspw med rer phil jur vgl ca geb gest verh zzgl abzgl insb mind od allg eigtl urspr lat engl""",
    "fr": "m mm mmes p.ex c.-à-d c.à.d i.e env st ste av boul apr mgr",
    "es": "sr sra srta sres dra d dña ud uds vd p.ej ej pág prof profa lic ing arq gral av avda ee aprox excmo sto sta",
    "it": """sig sig.ra sigg sig.na dott dott.ssa prof prof.ssa avv ing geom arch rag on ad.es p.es es pag pagg cfr ca
        s.ta egr gent spett""",
    "pt": "sr sra srta dra d v.exa exa exmo exma p.ex ex prof profa eng av pág aprox sto sta",
    "nl": "dhr mevr mw drs ing ir bijv bv d.w.z m.b.t o.a i.p.v t.o.v ca incl excl nl mr",
    "sv": "t.ex bl.a d.v.s dvs s.k ca fr hr prof kl st",
    "da": "f.eks bl.a dvs d.v.s ca hr fr kl nr pga",
    "no": "f.eks bl.a dvs d.v.s ca hr fr kl nr pga",
    "pl": "np tzn tj m.in ul al prof mgr inż św",
    "cs": "např tj tzn ul prof ing mgr mudr sv tzv ca p",
    "ru": "т.е т.к т.н напр ул проф г-н г-жа см ср св",
    "uk": "т.зв напр вул ім проф п див св",
    "tr": "örn sn prof doç av bkz",
    "fi": "esim ts ns mm n prof",
    "hu": "pl ún ill prof dr id ifj st",
    "ro": "dl dna dv ex prof ing str sf",
    "id": "dr prof bpk sdr jl",
    "vi": "tp ts th.s pgs gs q p",
    "hi": "डॉ प्रो श्री पं",
    "ar": "د أ م",
}
NUMBERED_OF: Mapping[str, str] = {
    "en": "jan feb mar apr jun jul aug sept sep oct nov dec ex exp par",
    "de": "abb abs bd bde s z kap ziff jan feb febr mär apr jun jul aug sept okt nov dez rd",
    "fr": "n° chap t pp s",
    "es": "núm n.º cap s págs vol",
    "it": "n n.º cap sec v pag",
    "pt": "n.º cap séc s pág págs",
    "ru": "рис с стр гл п д кв",
}
NAMED_OF: Mapping[str, str] = {
    "en": "st d.c",
    "de": "st e.v v.chr n.chr v.u.z mio mrd std min str jh jhd co max",
}
CLOSING_OF: Mapping[str, str] = {
    "en": "a.m p.m b.c a.d ph.d m.d ave blvd rd min max hrs hr lb lbs oz ft",
    "de": "usw usf u.s.w etc ff o.dgl u.dgl dgl u.v.m u.v.a",
    "fr": "etc j.-c av.j.-c apr.j.-c ap.j.-c",
    "es": "etc ee.uu eeuu a.c d.c a.m p.m s.a",
    "it": "ecc eccetera a.c d.c s.p.a s.r.l",
    "pt": "etc a.c d.c s.a ltda",
    "nl": "enz e.d e.a n.chr v.chr",
    "sv": "osv m.m m.fl e.kr f.kr o.s.v",
    "da": "osv m.m m.fl e.kr f.kr o.s.v mio mia",
    "no": "osv m.m m.fl e.kr f.kr o.s.v mill",
    "pl": "itd itp r w n.e p.n.e",
    "cs": "atd apod n.l př.n.l r",
    "ru": "т.д т.п др пр г гг в вв н.э руб коп тыс млн",
    "uk": "т.д т.п ін р рр ст н.е грн",
    "tr": "vb vs",
    "fi": "jne ym yms eaa jaa",
    "hu": "stb",
    "ro": "etc",
}
STARTERS_OF: Mapping[str, str] = {
    "en": """The A An He She It They We I You This That These Those There Here His Her Its Their Our My Your In On At By
        For From With Without After Before During When While As If Although Though Because Since But And Or So Yet
        However Then Also What Who Why How Where Which Nobody Everyone Someone Some Many Most Few All Not Now Today
        Later One Two Both Each Every Just Only Once Perhaps Maybe Let Please To Such Another People Finally First
        Sometimes Soon Until Under Over It's He's She's They're""",
    "de": """Der Die Das Den Dem Des Ein Eine Einen Einem Einer Er Sie Es Ich Wir Ihr Du Man Dies Diese Dieser Dieses
        Dann Danach Dort Da Hier Heute Gestern Morgen Jetzt Damals Früher Später Aber Und Oder Doch Denn Also Auch Nur
        Noch In Im An Am Auf Aus Bei Beim Mit Nach Für Von Vom Vor Zu Zum Zur Um Unter Über Ohne Seit Wenn Als Weil Ob
        Obwohl Während Dabei Dazu Dafür Damit Darum Deshalb Daher Dadurch Sein Seine Ihre Mein Meine Unser Unsere Kein
        Keine Niemand Alle Alles Viele Manche Jeder Jede Beide Was Wer Wo Wie Warum So Schließlich Zuerst Nun Bald Bis
        Er's""",
    "fr": """Le La Les L Un Une Des Il Elle Ils Elles On Je J Nous Vous Tu Ce Cet Cette Ces C Cela Mais Et Ou Où Donc
        Puis Ensuite Alors En Dans Sur Avec Pour Par Après Avant Quand Si Comme Son Sa Ses Leur Mon Ma Notre Tout Tous
        Personne Qui Que À Au Aux Chez Depuis Pendant""",
    "es": """El La Los Las Un Una Él Ella Ellos Yo Tú Nosotros Esto Este Esta Esa Ese Pero Y O En Con Por Para De Desde
        Después Antes Cuando Si Como Su Sus Mi Todo Todos Nadie Es Era Fue Hay Había Luego Entonces No Se Le A Al
        También Vive Son""",
    "it": """Il Lo La I Gli Le Un Una Lui Lei Loro Io Tu Noi Questo Questa Ma E Ed O In Nel Con Per Da Dopo Prima Quando
        Se Come Suo Sua Tutto Tutti Nessuno È Era Poi Allora Non Si A Al Anche C Sono""",
    "pt": """O A Os As Um Uma Ele Ela Eles Elas Eu Nós Você Isso Este Esta Esse Essa Mas E Ou Em No Na Com Por Para De
        Depois Antes Quando Se Como Seu Sua Tudo Todos Ninguém É Era Foi Há Havia Então Não Também São""",
}
TIMES = frozenset({"a.m", "p.m"})
DAYS_OF: Mapping[str, str] = {
    "en": """Monday Tuesday Wednesday Thursday Friday Saturday Sunday Mondays Tuesdays Wednesdays Thursdays Fridays
        Saturdays Sundays Mon Tue Wed Thu Fri Sat Sun ET EST EDT CT CST CDT MT MST MDT PT PST PDT GMT BST UTC CET CEST
        Eastern Central Pacific""",
}
ORDINALS = frozenset({"cs", "da", "de", "et", "fi", "hr", "hu", "is", "lv", "no", "nb", "nn", "pl", "sk", "sl", "tr"})
ORDINAL_NOUNS_OF: Mapping[str, str] = {
    "de": """Januar Februar März April Mai Juni Juli August September Oktober November Dezember Jahrhundert Jahrhunderts
        Jahrtausend Klasse Stock Stockwerk Etage Platz Mal Tag Woche Monat Jahr Geburtstag Weltkrieg Kapitel Band Teil
        Runde Liga Auflage Lebensjahr Semester Stunde Reihe Minute Stelle Stufe Bundesliga Hochzeitstag Jahrestag""",
}


@cache
def abbreviations(language: str) -> Abbreviations:
    """Those of a language by its ISO 639-1 code; a language without lists has those that texts share."""
    code = language.partition("-")[0].lower()
    named = _words(NAMED_OF.get(code, ""))
    return Abbreviations(
        inner=_words(INNER, INNER_OF.get(code, "")),
        numbered=_words(NUMBERED, NUMBERED_OF.get(code, "")),
        closing=_words(CLOSING, CLOSING_OF.get(code, "")) - named,
        named=named,
        starters=_words(STARTERS_OF.get(code, "")),
        days=_words(DAYS_OF.get(code, "")),
        ordinals=code in ORDINALS,
        ordinal_nouns=_words(ORDINAL_NOUNS_OF.get(code, "")),
    )


def _words(*lists: str) -> frozenset[str]:
    return frozenset(word for each in lists for word in each.split())
