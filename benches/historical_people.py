"""An invented encyclopedia's people, as a scraper lists them: one to forty rows for a person, whole names with titles, dynasties of one
name, title and place, birth dates of which only the year is known, and many gaps. No person here ever lived: names are drawn from
lists of frequent British names, titles from lists of words.

The scraper's own columns are kept with their faults: a first name and a surname that are the first and the last word of the
name, so that many are called "sir" and many "baronet"."""

import csv
import functools
import random
import string

MEN = """john william thomas george james henry charles robert edward richard joseph samuel francis arthur frederick david alexander walter
alfred peter hugh daniel benjamin philip andrew edmund albert herbert ernest matthew stephen ralph nicholas michael patrick simon harold
christopher archibald anthony nathaniel isaac humphrey roger gilbert reginald percy oliver jonathan abraham jacob adam laurence martin
godfrey ambrose sidney leonard cuthbert barnaby augustus horatio rupert lionel evan owen rhys griffith duncan kenneth malcolm""".split()
WOMEN = """mary elizabeth anne sarah jane margaret catherine alice emma ellen charlotte caroline frances eleanor dorothy harriet martha isabella
susan emily louisa florence maria helen lucy edith agnes julia grace rebecca amelia hannah rachel georgiana sophia constance beatrice
winifred matilda henrietta ada mabel ethel barbara bridget ruth clara rose""".split()
SHORT = {
    **{"john": "jack", "william": "bill", "thomas": "tom", "henry": "harry", "charles": "charlie", "robert": "bob", "edward": "ned"},
    **{"richard": "dick", "james": "jim", "joseph": "joe", "samuel": "sam", "francis": "frank", "frederick": "fred", "daniel": "dan"},
    **{"alexander": "alec", "walter": "wat", "alfred": "alf", "benjamin": "ben", "andrew": "andy", "albert": "bert", "peter": "pete"},
    **{"christopher": "kit", "nicholas": "nick", "michael": "mick", "anthony": "tony", "elizabeth": "betty", "margaret": "peggy"},
    **{"catherine": "kate", "mary": "molly", "sarah": "sally", "anne": "nancy", "eleanor": "nell", "frances": "fanny", "susan": "sue"},
}
SURNAMES = """smith jones williams brown taylor davies wilson evans thomas johnson roberts walker wright robinson thompson white hughes edwards
green hall wood harris lewis martin jackson clarke clark turner hill scott cooper morris ward moore king watson baker harrison morgan
allen james mitchell phillips davis bennett lee cook griffiths richardson parker young bailey collins cox shaw marshall simpson
price richards adams wilkinson ellis gray carter murray webb mills palmer holmes knight mason lloyd matthews stevens russell barker
fisher gibson campbell hunt rogers murphy butler stewart anderson reid ross macdonald grant fraser hamilton graham kerr douglas gordon
cameron sinclair lindsay murdoch maxwell drummond boyd elliot armstrong percy neville clifford stanley howard cavendish russell seymour
courtenay grenville trelawny fortescue carew poole godolphin arundell basset acland northcote vernon manners talbot bagot leveson gower
egerton cholmondeley grosvenor mostyn wynn vaughan herbert somerset berkeley lyttelton dudley sandys wentworth fairfax savile lascelles
lambton ridley blackett musgrave lowther strickland fleming curwen dacre howgill barlow ashworth hargreaves kay entwistle crompton
butterworth greenwood sutcliffe ackroyd illingworth ramsden beaumont armitage sykes hirst dyson whitaker fielden tempest lister rawson
tindall pennington thwaites ormerod starkie towneley blundell molyneux gerard scarisbrick bold leigh mainwaring brereton davenport warburton
legh wilbraham tollemache cotes corbet kynaston myddelton puleston trevor yale salusbury bulkeley meyrick pryse pugh powell gwynne mansel
stradling aubrey turberville matthew kemeys hanbury scudamore croft harley coningsby pakington lechmere throckmorton mordaunt shirley
compton spencer cave isham knightley dryden fermor verney dormer temple hampden lenthall dashwood harcourt bertie stonor norreys""".split()
TOWNS = {
    **{"london": "EC WC SE SW N E W NW", "westminster": "SW W", "southwark": "SE", "edinburgh": "EH", "glasgow": "G", "aberdeen": "AB"},
    **{"dublin": "D", "cardiff": "CF", "swansea": "SA", "bristol": "BS", "bath": "BA", "exeter": "EX", "plymouth": "PL", "truro": "TR"},
    **{"devon": "EX TQ PL", "cornwall": "TR PL", "somerset": "TA BA", "dorset": "DT BH", "oxford": "OX", "cambridge": "CB", "norwich": "NR"},
    **{"ipswich": "IP", "colchester": "CO", "canterbury": "CT", "kent": "ME TN CT", "brighton": "BN", "portsmouth": "PO", "lincoln": "LN"},
    **{"southampton": "SO", "winchester": "SO", "salisbury": "SP", "reading": "RG", "gloucester": "GL", "worcester": "WR", "york": "YO"},
    **{"hereford": "HR", "shrewsbury": "SY", "chester": "CH", "liverpool": "L", "manchester": "M", "bolton": "BL", "preston": "PR"},
    **{"lancaster": "LA", "carlisle": "CA", "durham": "DH", "newcastle upon tyne": "NE", "leeds": "LS", "sheffield": "S", "hull": "HU"},
    **{"bradford": "BD", "halifax": "HX", "nottingham": "NG", "derby": "DE", "leicester": "LE", "northampton": "NN", "coventry": "CV"},
    **{"birmingham": "B", "wolverhampton": "WV", "stafford": "ST", "dundee": "DD", "perth": "PH", "inverness": "IV", "greenwich": "SE"},
}
WORK = """politician writer soldier cleric painter judge lawyer botanist engineer physician architect historian composer cricketer explorer
officer merchant banker poet actor astronomer chemist geologist publisher engraver diplomat mathematician surgeon philosopher landowner
sculptor antiquary economist footballer naturalist organist playwright photographer printer bookseller theologian civil_servant journalist
zoologist singer librarian translator inventor missionary teacher rower priest philanthropist""".split()
SEATS = "devon oxford warwick derby carlisle lincoln essex kent rutland bute argyll airlie mar fife cork meath sligo clare".split()
RANKS = {"baronet": "sir", "earl of": "", "baron": "", "viscount": "", "marquess of": "", "duke of": ""}
HONOURS = ["sir", "lord", "reverend", "captain", "colonel", "dr", "general", "admiral"]


def ordinal(number):
    return f"{number}{'th' if 10 < number < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


@functools.lru_cache
def falling(many, steepness):
    """Weights of a list that is in order of frequency."""
    return [1 / (at + 2) ** steepness for at in range(many)]


class Makes:
    """Everything that is drawn."""

    def __init__(self, seed):
        self.draw = random.Random(f"historical {seed}")

    def chance(self, share):
        return self.draw.random() < share

    def one(self, values, steepness=0.9):
        return self.draw.choices(values, falling(len(values), steepness))[0]

    def born(self, year):
        """A birth date; of one person in five the encyclopedia knows the year only."""
        if self.chance(0.2):
            return (year, 1, 1)
        return (year, self.draw.randint(1, 12), self.draw.randint(1, 28))

    def postcode(self, town):
        area, draw = self.draw.choice(TOWNS[town].split()), self.draw
        return f"{area.lower()}{draw.randint(1, 20)}", self.inner()

    def inner(self):
        letters = "".join(self.draw.choices("abdefghjlnpqrstuwxyz", k=2))
        return f"{self.draw.randint(0, 9)}{letters}"

    def person(self):
        woman = self.chance(0.13)
        town = self.one(list(TOWNS), 0.7)
        title = None
        if not woman and self.chance(0.22):
            rank = self.draw.choices(list(RANKS), [60, 12, 16, 6, 3, 3])[0]
            title = [rank, self.draw.randint(1, 9), self.draw.choice(SEATS)]
        honour = "lady" if woman else self.one(HONOURS, 1.0)
        return {
            **{"first": self.one(WOMEN if woman else MEN), "surname": self.one(SURNAMES, 0.6), "town": town, "title": title},
            **{"middle": [self.one(WOMEN if woman else MEN, 0.6)] if self.chance(0.35) else [], "sex": "female" if woman else "male"},
            **{"honour": honour if self.chance(0.18) else "", "work": self.one(WORK, 0.7), "post": self.postcode(town)},
            **{"born": self.born(self.one(range(1900, 1600, -1), 0.05)), "of": self.chance(0.04)},
        }

    def family(self):
        """A person, and in a quarter of all families the heirs: often of the same name, title, seat and place."""
        one = self.person()
        yield one
        for _ in range(self.draw.choices([0, 1, 2, 3], [0.75, 0.12, 0.09, 0.04])[0]):
            heir = {**self.person(), "surname": one["surname"], "sex": "male", "honour": one["honour"].replace("lady", "")}
            heir["first"] = one["first"] if one["sex"] == "male" and self.chance(0.65) else self.one(MEN)
            heir["born"] = self.born(one["born"][0] + self.draw.randint(19, 38))
            if one["title"]:
                heir["title"] = [one["title"][0], one["title"][1] + 1, one["title"][2]]
            if self.chance(0.75):
                heir["town"], heir["post"] = one["town"], (one["post"][0], self.inner())
            if self.chance(0.5):
                heir["work"] = one["work"]
            yield heir
            one = heir

    def words(self, p):
        """The whole name as an article's head has it."""
        name = [p["honour"], p["first"], *p["middle"], p["surname"]]
        if p["title"]:
            rank, number, seat = p["title"]
            name[0] = RANKS[rank] or name[0]
            place = {"baron": p["surname"], "viscount": p["surname"]}.get(rank, seat if rank.endswith("of") else "")
            name[-1] += ","
            name += [ordinal(number), *rank.split(), *([place] if place else [])]
            if rank == "baron" and p["of"]:
                name += ["of", p["town"].split()[0]]
        elif p["of"]:
            name = [*name[:-1], name[-1], "of", p["town"].split()[0]]
        return [word for word in name if word]

    def typo(self, text):
        """A letter left out, doubled, exchanged with its neighbour or mistaken."""
        if len(text) < 3:
            return text
        at, way = self.draw.randrange(1, len(text)), self.draw.randrange(4)
        letter = self.draw.choice(string.ascii_lowercase)
        here = {0: "", 1: text[at] * 2, 2: text[at] + text[at - 1], 3: letter}[way]
        return text[: at - (way == 2)] + here + text[at + 1 :]

    def told(self, p):
        """The name as a row has it."""
        words = self.words(p)
        first = words.index(p["first"])
        if self.chance(0.1):
            words[first] = words[first][0]
        elif self.chance(0.18):
            words[first] = SHORT.get(words[first], words[first])
        # Titles, middle names and what follows a comma are left out one by one, as links and lists shorten a name.
        kept = [word for at, word in enumerate(words) if at == first or self.chance(0.88)]
        if self.chance(0.25):
            cut = next((at for at, word in enumerate(kept) if word.endswith(",")), len(kept) - 1)
            kept = kept[: cut + 1]
        if self.chance(0.05) and len(kept) > 1:
            kept = [*kept[1:], kept[0]]
        return " ".join(self.typo(word) if self.chance(0.05) else word for word in kept).strip(",")

    def date(self, born):
        year, month, day = born
        way = self.draw.random()
        if way < 0.06:
            month = day = 1
        elif way < 0.1:
            year += self.draw.choice([-10, -2, -1, 1, 2, 10])
        elif way < 0.12:
            month, day = (day, month) if day <= 12 else (month, day)
        elif way < 0.16:
            day = self.draw.randint(1, 28)
        elif way < 0.17:
            return f"{self.draw.randint(1600, 1920)}-{month:02d}-{day:02d}"
        return f"{year}-{month:02d}-{day:02d}"

    def row(self, key, number, p):
        full = self.told(p)
        plain = full.replace(",", "").split()
        # A careful list has the surname where a careless one has the last word.
        first, last = (plain[0], plain[-1]) if self.chance(0.7) else (plain[0] if not p["honour"] else p["first"], p["surname"])
        known = lambda value, share: value if self.chance(share) else ""
        town, post = p["town"], p["post"]
        if self.chance(0.08):
            town = self.one(list(TOWNS), 0.7)
        outer = post[0] if self.chance(0.9) else self.postcode(town)[0]
        inner = post[1] if self.chance(0.7) else self.inner()
        work = p["work"] if self.chance(0.9) else self.one(WORK, 0.7)
        return [
            *[f"{key}-{number}", key, full, known(" ".join([first, last][: len(plain)]), 0.9), known(first, 0.97)],
            *[known(last if len(plain) > 1 else "", 0.92)],
            *[known(self.date(p["born"]), 0.75), known(self.typo(town) if self.chance(0.03) else town, 0.68), known(f"{outer} {inner}", 0.66)],
            *[known(p["sex"], 0.8), known(work.replace("_", " "), 0.58)],
        ]


HEAD = "unique_id,cluster,full_name,first_and_surname,first_name,surname,dob,birth_place,postcode,gender,occupation".split(",")


def make(people, seed, folder):
    """Writes FOLDER/input/people.csv; answers channel, record and person."""
    makes, rows, made = Makes(seed), [], 0
    while made < people:
        for person in makes.family():
            made += 1
            many = min(40, 1 + int(makes.draw.lognormvariate(1.7, 0.95)))
            rows += [makes.row(f"H{made}", number, person) for number in range(many)]
    makes.draw.shuffle(rows)
    with open(f"{folder}/input/people.csv", "w", newline="") as file:
        csv.writer(file).writerows([HEAD, *rows])
    return [["list", row[0], row[1]] for row in rows]
