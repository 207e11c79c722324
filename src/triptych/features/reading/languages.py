"""Languages: what the languages of films are called, in English, by themselves, and by the codes of ISO 639."""

from __future__ import annotations

from triptych.features.reading.spelling import Thesaurus

#: Name: ISO 639-1, 639-2 (both, where they differ) or 639-3, and other names that catalogues use. What is spoken as
#: Mandarin is mostly filed as Chinese, so the two are one; Cantonese is not.
_TABLE = """
Afrikaans: af, afr
Albanian: sq, sqi, alb, shqip
Amharic: am, amh
Arabic: ar, ara, العربية
Armenian: hy, hye, arm
Assamese: as, asm
Aymara: ay, aym
Azerbaijani: az, aze, azeri
Basque: eu, eus, baq, euskara
Belarusian: be, bel
Bengali: bn, ben, bangla, বাংলা
Bosnian: bs, bos, bosanski
Bulgarian: bg, bul, български
Burmese: my, mya, bur
Cantonese: yue, cn, 廣東話, 广东话
Catalan: ca, cat, català, Catalan; Valencian
Chinese: zh, zho, chi, cmn, mandarin, mandarin chinese, putonghua, 中文, 普通话, 國語
Croatian: hr, hrv, scr, hrvatski
Czech: cs, ces, cze, čeština, český
Danish: da, dan, dansk
Dutch: nl, nld, dut, nederlands, flemish, Dutch; Flemish
English: en, eng, inglés
Esperanto: eo, epo
Estonian: et, est, eesti
Finnish: fi, fin, suomi
French: fr, fra, fre, français
Gaelic: gd, gla, scottish gaelic
Galician: gl, glg, galego
Georgian: ka, kat, geo
German: de, deu, ger, deutsch
Greek: el, ell, gre, modern greek, Ελληνικά
Guarani: gn, grn
Gujarati: gu, guj
Hausa: ha, hau
Hawaiian: haw
Hebrew: he, heb, iw, עברית
Hindi: hi, hin, हिन्दी, हिंदी
Hungarian: hu, hun, magyar
Icelandic: is, isl, ice, íslenska
Indonesian: id, ind, bahasa indonesia
Inuktitut: iu, iku
Irish: ga, gle, irish gaelic, gaeilge
Italian: it, ita, italiano
Japanese: ja, jpn, jp, 日本語
Javanese: jv, jav
Kannada: kn, kan
Kazakh: kk, kaz
Khmer: km, khm, central khmer
Korean: ko, kor, 한국어
Kurdish: ku, kur
Kyrgyz: ky, kir, kirghiz
Lao: lo
Latin: la, lat
Latvian: lv, lav
Lithuanian: lt, lit
Luxembourgish: lb, ltz
Macedonian: mk, mkd, mac
Malay: ms, msa, may, bahasa melayu
Malayalam: ml, mal
Maltese: mt, mlt
Maori: mi, mri, mao
Marathi: mr, mar
Mongolian: mn, mon
Nepali: ne, nep
Norwegian: no, nor, nb, nob, nn, nno, norsk, bokmål, nynorsk, norwegian bokmål, norwegian nynorsk
Pashto: ps, pus, pushto
Persian: fa, fas, per, farsi, dari, فارسی
Polish: pl, pol, polski
Portuguese: pt, por, português, brazilian portuguese
Punjabi: pa, pan, panjabi
Quechua: qu, que
Romanian: ro, ron, rum, mo, moldavian, română
Romany: rom, romani
Russian: ru, rus, русский
Sanskrit: sa, san
Serbian: sr, srp, scc, srpski, српски
Serbo-Croatian: sh, hbs
Sinhala: si, sin, sinhalese
Slovak: sk, slk, slo, slovenčina
Slovenian: sl, slv, slovene
Somali: so, som
Spanish: es, spa, español, castilian, Spanish; Castilian, castellano
Swahili: sw, swa
Swedish: sv, swe, svenska
Tagalog: tl, tgl, fil, filipino, pilipino
Tamil: ta, tam, தமிழ்
Tatar: tt, tat
Telugu: te, tel, తెలుగు
Thai: th, tha, ภาษาไทย
Tibetan: bo, bod, tib
Turkish: tr, tur, türkçe
Ukrainian: uk, ukr, українська
Urdu: ur, urd, اردو
Uzbek: uz, uzb
Vietnamese: vi, vie, tiếng việt
Welsh: cy, cym, wel, cymraeg
Wolof: wo, wol
Xhosa: xh, xho
Yiddish: yi, yid
Yoruba: yo, yor
Zulu: zu, zul
American Sign Language: ase, asl
"""

#: Undetermined, several, uncoded, no linguistic content; ``xx`` is what TMDB has for none.
LANGUAGES = Thesaurus(
    table=_TABLE, nothing=("und", "mul", "mis", "zxx", "xx", "no language", "no spoken language"), tags=True
)
