"""Common first names: the dictionary by which columns of people's names are recognised.

The most frequent ones of births and censuses in the United States, the United Kingdom, France, Germany, Spain, Italy,
Portugal and Brazil, without accents; without those that are everyday words in data ("may", "grant", "mark", "will").
"""

from __future__ import annotations

_NAMES = """
aaron abigail adam adele adrian agnes alan albert alberto alejandro alessandro alexander alexandra alexandre alfred
alice alicia alison amanda amelia amy ana andre andrea andreas andres andrew angela angelo anita ann anna anne
anthony antoine antonia antonio arthur ashley barbara beatrice beatriz benjamin bernard bernd bettina bianca
brandon brenda brian bruno camille carla carlos carmen carol caroline catherine cecilia charles charlotte chiara
chloe christian christiane christina christine christoph christopher claire clara claudia claudio cristina cynthia
daniel daniela danielle david deborah denise dennis diego dieter dmitri dominique donald donna dorothy eduardo
edward elena elisabeth elizabeth ella emil emily emma enrique eric erik ernst esther eugene eva evelyn fabian
fatima federico felipe felix fernando florian francesca francesco francisca francisco francois frank franz fred
frederic frederick gabriel gabriela gary george gerald gerard gerhard giovanni giulia giuseppe gloria gregory
guillaume gustavo hannah hans harald harold harry heather heidi heinz helen helena helene helmut henri henry
herbert hugo ines ingrid irene isabel isabella ivan jack jacob jacqueline jacques james jan jane janet jason javier
jean jeanne jeffrey jennifer jeremy jerry jessica joan joana joao johann johannes john jonas jonathan jorge jose
josef joseph joshua joyce juan judith julia julian julie julien juliette justin karen karin karl katharina
katherine kathleen kelly kenneth kevin klaus kurt larry laura lauren laurent lea leon leonardo lina linda lisa
louis louise luca lucas lucia lucie luigi luis luisa lukas madison manfred manuel manuela marc marcel marco
margaret margarita maria mariana marie marina mario marion markus marta martha martin martina mary mateo mathieu
matteo matthew matthias max maximilian megan melanie melissa michael michel michele michelle miguel mike mohamed
mohammed monica monika monique natalia natalie nathalie nathan nicholas nicolas nicole nina noah nuno olga oliver
olivia olivier oscar otto pablo pamela paola paolo pascal patricia patrick paul paula paulo pedro peter petra
philip philippe pierre pietro rachel rafael ralf ralph ramon raphael raul raymond rebecca renate ricardo riccardo
richard robert roberta roberto roger roland ronald rosa rosario ruth ryan sabine samantha samuel sandra sara sarah
scott sean sebastian sergio sharon shirley silvia simon simone sofia sonia sophia sophie stefan stefanie stefano
stephanie stephen steven susan susanne sven sylvia sylvie teresa thierry thomas tiago timothy tobias tomas ursula
valentina valerie vanessa vera veronica veronique victor victoria vincent virginia walter werner william wolfgang
xavier yasmin yolanda yves yvonne zoe zoey
"""
FIRST_NAMES = tuple(_NAMES.split())
