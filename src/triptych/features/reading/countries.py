"""Countries: what the countries that make films are called, and by the codes of ISO 3166."""

from __future__ import annotations

from triptych.features.reading.spelling import Thesaurus

#: Name: alpha-2, alpha-3, and other names that catalogues use. States that are no more stand by themselves.
_TABLE = """
Argentina: ar, arg
Australia: au, aus
Austria: at, aut
Belgium: be, bel
Brazil: br, bra, brasil
Bulgaria: bg, bgr
Canada: ca, can
Chile: cl, chl
China: cn, chn, people's republic of china, prc, mainland china
Colombia: co, col
Croatia: hr, hrv
Cuba: cu, cub
Czech Republic: cz, cze, czechia
Denmark: dk, dnk
Egypt: eg, egy
Estonia: ee, est
Finland: fi, fin
France: fr, fra
Georgia: ge, geo
Germany: de, deu, deutschland
Greece: gr, grc
Hong Kong: hk, hkg, hong kong sar china
Hungary: hu, hun
Iceland: is, isl
India: in, ind
Indonesia: id, idn
Iran: ir, irn, iran islamic republic of, islamic republic of iran
Ireland: ie, irl
Israel: il, isr
Italy: it, ita
Japan: jp, jpn
Kazakhstan: kz, kaz
Lebanon: lb, lbn
Lithuania: lt, ltu
Luxembourg: lu, lux
Malaysia: my, mys
Mexico: mx, mex
Morocco: ma, mar
Netherlands: nl, nld, the netherlands, holland
New Zealand: nz, nzl
Nigeria: ng, nga
Norway: no, nor
Pakistan: pk, pak
Peru: pe, per
Philippines: ph, phl, the philippines
Poland: pl, pol
Portugal: pt, prt
Romania: ro, rou
Russia: ru, rus, russian federation
Serbia: rs, srb
Singapore: sg, sgp
Slovakia: sk, svk
Slovenia: si, svn
South Africa: za, zaf
South Korea: kr, kor, korea, republic of korea, korea republic of, korea south
Soviet Union: su, sun, ussr
Spain: es, esp, españa
Sweden: se, swe
Switzerland: ch, che
Taiwan: tw, twn, taiwan province of china
Thailand: th, tha
Tunisia: tn, tun
Turkey: tr, tur, türkiye
Ukraine: ua, ukr
United Arab Emirates: ae, are, uae
United Kingdom: gb, gbr, uk, great britain, united kingdom of great britain and northern ireland, england
United States: us, usa, united states of america, america
Venezuela: ve, ven
Vietnam: vn, vnm
West Germany: xwg, federal republic of germany
"""

COUNTRIES = Thesaurus(table=_TABLE, nothing=("xx", "xzz", "international"))
