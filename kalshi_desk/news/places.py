"""Places that markets ask about: American states and cities, countries, and who belongs there.

The form is that of ``concepts``; ``=xx`` is a state's postal code.  Capitals and heads of
government stand for their country, clubs that bear no city's name for their city.
"""

from __future__ import annotations

PLACES = """
alabama: alabama, =al
alaska: alaska, =ak
arizona: arizona, =az
arkansas: arkansas, =ar
california: california, californian, sacramento, =ca
colorado: colorado, =co
connecticut: connecticut, =ct
delaware: delaware, =de
florida: florida, floridian, =fl
georgia_state: georgia, =ga
hawaii: hawaii, =hi
idaho: idaho, =id
illinois: illinois, =il
indiana: indiana, =in
iowa: iowa, =ia
kansas: kansas, =ks
kentucky: kentucky, =ky
louisiana: louisiana, =la
maine: maine, mainers, =me
maryland: maryland, =md
massachusetts: massachusetts, =ma
michigan: michigan, michigander, =mi
minnesota: minnesota, minnesotan, =mn
mississippi: mississippi, =ms
missouri: missouri, =mo
montana: montana, =mt
nebraska: nebraska, =ne
nevada: nevada, =nv
new_hampshire: new hampshire, =nh
new_jersey: new jersey, =nj
new_mexico: new mexico, =nm
new_york_state: new york state, albany, =ny
north_carolina: north carolina, =nc
north_dakota: north dakota, =nd
ohio: ohio, =oh
oklahoma: oklahoma, =ok
oregon: oregon, =or
pennsylvania: pennsylvania, =pa
rhode_island: rhode island, =ri
south_carolina: south carolina, =sc
south_dakota: south dakota, =sd
tennessee: tennessee, =tn
texas: texas, texan, texans, =tx
utah: utah, =ut
vermont: vermont, =vt
virginia: virginia, richmond virginia, =va
washington_state: washington state, olympia, =wa
west_virginia: west virginia, =wv
wisconsin: wisconsin, =wi
wyoming: wyoming, =wy
nyc > new_york_state: nyc, new york city, new york, central park, manhattan, brooklyn, knicks,
  yankees, mets
los_angeles > california: los angeles, lakers, dodgers
san_francisco > california: san francisco, golden gate
san_diego > california: san diego
chicago > illinois: chicago, midway, o'hare
miami > florida: miami
orlando > florida: orlando
tampa > florida: tampa
houston > texas: houston
dallas > texas: dallas
austin > texas: austin
san_antonio > texas: san antonio
denver > colorado: denver
phoenix > arizona: phoenix
las_vegas > nevada: las vegas
seattle > washington_state: seattle
portland > oregon: portland
boston > massachusetts: boston
philadelphia > pennsylvania: philadelphia
pittsburgh > pennsylvania: pittsburgh
detroit > michigan: detroit
minneapolis > minnesota: minneapolis
milwaukee > wisconsin: milwaukee
green_bay > wisconsin: green bay
atlanta > georgia_state: atlanta
new_orleans > louisiana: new orleans
nashville > tennessee: nashville
memphis > tennessee: memphis
cleveland > ohio: cleveland
cincinnati > ohio: cincinnati
columbus > ohio: columbus
charlotte > north_carolina: charlotte
baltimore > maryland: baltimore
indianapolis > indiana: indianapolis
kansas_city > missouri: kansas city
st_louis > missouri: st louis
salt_lake_city > utah: salt lake city
oklahoma_city > oklahoma: oklahoma city
buffalo > new_york_state: buffalo
washington_dc: washington dc, washington d.c, district of columbia, dc
usa: united states, u.s., usa, american, americans, america
canada: canada, canadian, canadians, carney, ottawa, trudeau
quebec > canada: quebec
alberta > canada: alberta
mexico: mexico, mexican, mexicans, sheinbaum
brazil: brazil, brazilian, brazilians, lula, bolsonaro, brasilia
argentina: argentina, argentine, argentinian, milei, buenos aires
chile: chile, chilean
colombia: colombia, colombian, bogota, petro
venezuela: venezuela, venezuelan, maduro, caracas
peru: peru, peruvian
bolivia: bolivia, bolivian
ecuador: ecuador, ecuadorian
cuba: cuba, cuban, havana
haiti: haiti, haitian
panama: panama, panama canal
uk: united kingdom, u.k., uk, britain, british, starmer, downing street, england, english
scotland > uk: scotland, scottish
wales > uk: wales, welsh
ireland: ireland, irish
france: france, french, macron, paris, le pen
germany: germany, german, germans, merz, berlin, bundestag, afd
italy: italy, italian, italians, meloni, rome
spain: spain, spanish, sanchez, madrid
portugal: portugal, portuguese
netherlands: netherlands, dutch
belgium: belgium, belgian
austria: austria, austrian
switzerland: switzerland, swiss
poland: poland, polish, warsaw, tusk
czechia: czech, czechia
hungary: hungary, hungarian, orban, magyar
romania: romania, romanian, bucharest
bulgaria: bulgaria, bulgarian
greece: greece, greek
serbia: serbia, serbian
montenegro: montenegro, montenegrin
moldova: moldova, moldovan
albania: albania, albanian
norway: norway, norwegian
sweden: sweden, swedish
denmark: denmark, danish
greenland: greenland, greenlanders, nuuk
finland: finland, finnish
ukraine: ukraine, ukrainian, ukrainians, kyiv, zelensky, zelenskyy
russia: russia, russian, russians, putin, moscow, kremlin
belarus: belarus, belarusian, lukashenko
turkey: turkiye, turkish, erdogan, ankara
israel: israel, israeli, israelis, netanyahu, jerusalem, knesset, idf
gaza: gaza, hamas, palestinian, palestinians, palestine
lebanon: lebanon, lebanese, hezbollah, beirut
syria: syria, syrian, damascus
iran: iran, iranian, iranians, tehran, khamenei, hormuz
iraq: iraq, iraqi, baghdad
saudi_arabia: saudi, saudi arabia, riyadh, mbs
yemen: yemen, yemeni, houthi, houthis
qatar: qatar, qatari, doha
uae: uae, emirates, dubai, abu dhabi
egypt: egypt, egyptian, cairo
pakistan: pakistan, pakistani, islamabad
india: india, indian, indians, modi, delhi, new delhi
bangladesh: bangladesh, bangladeshi, dhaka
sri_lanka: sri lanka, sri lankan
china: china, chinese, xi jinping, beijing
taiwan: taiwan, taiwanese, taipei
hong_kong: hong kong
japan: japan, japanese, tokyo, takaichi, ishiba
south_korea: south korea, south korean, seoul
north_korea: north korea, north korean, kim jong un, pyongyang
philippines: philippines, philippine, filipino, manila
indonesia: indonesia, indonesian, jakarta
vietnam: vietnam, vietnamese, hanoi
thailand: thailand, thai, bangkok
malaysia: malaysia, malaysian
singapore: singapore
australia: australia, australian, albanese, canberra
new_zealand: new zealand
south_africa: south africa, south african, pretoria
nigeria: nigeria, nigerian
kenya: kenya, kenyan
ethiopia: ethiopia, ethiopian
sudan: sudan, sudanese
congo: congo, congolese
cameroon: cameroon, cameroonian
morocco: morocco, moroccan
afghanistan: afghanistan, afghan, taliban, kabul
europe: europe, european, europeans, eurozone
africa: africa, african
"""
