"""Gazetteer: given names, places, and the words that mark a person, an organisation or a place in English."""

from __future__ import annotations

from triptych.features.reading.rules import listed

#: Common given names of several countries.
GIVEN_NAMES = listed(
    """
Aaron Abby Abe Abigail Abraham Ada Adam Adele Adrian Adriana Agatha Agnes Ahmed Aidan Al Alan Albert Alec Alejandro
Alex Alexander Alexandra Alexis Alfred Ali Alice Alicia Alison Allan Allen Allison Alma Alvin Amanda Amber Amelia Amir
Amy Ana Anastasia Anderson Andre Andrea Andrew Andy Angel Angela Angelina Angie Anita Ann Anna Anne Annie Anthony
Antoine Anton Antonio April Archie Ariel Arnold Art Arthur Arturo Asha Ashley Audrey August Austin Ava Barbara Barney
Barry Bart Beatrice Becky Ben Benjamin Benny Bernard Bernie Bert Bertha Bess Beth Betty Beverly Bill Billy Bjorn Blake
Blanche Bob Bobby Bonnie Boris Brad Bradley Brandon Brenda Brett Brian Bridget Brigitte Bruce Bruno Bryan Buddy Buster
Caesar Caleb Calvin Cameron Camille Carl Carla Carlos Carmen Carol Caroline Carolyn Carrie Casey Cassandra Catherine
Cathy Cecilia Celia Chad Charles Charley Charlie Charlotte Chelsea Cheryl Chester Chloe Chris Christian Christina
Christine Christopher Chuck Cindy Claire Clara Clarence Clarice Clark Claude Claudia Clay Cliff Clifford Clint Clive
Cole Colin Connie Connor Conrad Cora Corey Craig Curt Curtis Cynthia Daisy Dale Damon Dan Dana Daniel Danielle Danny
Dante Daphne Darren Dave David Dawn Dean Deborah Debbie Deepak Denise Dennis Denny Derek Desmond Diana Diane Dick
Diego Dimitri Dolores Dominic Don Donald Donna Donnie Dora Doris Dorothy Doug Douglas Drew Duane Duke Duncan Dustin
Dwayne Dwight Dylan Earl Ed Eddie Edgar Edith Edmund Edna Eduardo Edward Edwin Elaine Eleanor Elena Eli Elias Elijah
Elisa Elizabeth Ella Ellen Ellie Elliot Elliott Elmer Elsa Elvis Emil Emily Emma Enrique Eric Erica Erik Erin Ernest
Ernie Esther Ethan Ethel Eugene Eva Evan Eve Evelyn Ezra Felicia Felix Fernando Fiona Flora Florence Floyd Frances
Francesca Francis Francisco Francois Frank Frankie Franklin Franz Fred Freddy Frederick Frida Fritz Gabriel Gabriela
Gareth Gary Gavin Gene Geoffrey George Georgia Gerald Gerard Gertrude Gilbert Gina Giovanni Giulia Glen Glenn Gloria
Gordon Grace Graham Grant Greg Gregory Greta Guido Gus Gustav Guy Gwen Hal Hank Hannah Hans Harold Harriet Harrison
Harry Harvey Hassan Hazel Heather Hector Heidi Helen Helena Helga Henri Henry Herbert Herman Hiroshi Holly Homer
Horace Howard Hubert Hugh Hugo Humphrey Ian Ibrahim Ida Igor Ines Ingrid Irene Iris Irving Isaac Isabel Isabella
Isabelle Ivan Ivy Jack Jackie Jackson Jacob Jacques Jaime Jake James Jamie Jan Jane Janet Janice Jared Jasmine Jason
Jasper Javier Jay Jean Jeanne Jeff Jeffrey Jen Jennifer Jenny Jeremiah Jeremy Jerome Jerry Jesse Jessica Jessie Jill
Jim Jimmy Jo Joan Joanna Joaquin Joe Joel Joey Johan Johann Johanna John Johnny Jon Jonas Jonathan Jordan Jorge Jose
Josef Joseph Josephine Josh Joshua Joy Joyce Juan Juanita Judith Judy Jules Julia Julian Juliana Julie Juliet Julio
Julius June Justin Karen Karin Karl Kate Katherine Kathleen Kathryn Kathy Katie Kay Keith Kelly Ken Kenneth Kenny Kent
Kevin Kim Kimberly Kirk Kitty Klaus Kristen Kristin Kumar Kurt Kyle Lance Lara Larry Lars Laura Laurel Lauren Laurence
Laurie Lawrence Lea Leah Lee Lena Lenny Leo Leon Leonard Leopold Leroy Leslie Lester Lex Liam Lila Lillian Lily Linda
Lisa Liz Lloyd Logan Lois Lola Lonnie Loretta Lorenzo Lorraine Lou Louis Louisa Louise Luca Lucas Lucia Lucille Lucy
Luigi Luis Luke Luther Lydia Lyle Lynn Mabel Mac Mack Maddie Madeleine Madison Maggie Malcolm Manuel Marc Marcel
Marcello Marco Marcus Margaret Margot Maria Marian Marianne Marie Marilyn Mario Marion Marjorie Mark Marlene Marshall
Martha Martin Marty Marvin Mary Mason Mathilda Matt Matthew Maude Maureen Maurice Max Maxine Maya Meg Megan Mehmet Mel
Melanie Melinda Melissa Melvin Mercedes Meredith Mia Michael Michel Michelle Mickey Miguel Mikael Mike Mikhail Mildred
Miles Millie Milo Milton Mindy Miranda Miriam Mitch Mitchell Mohammed Moira Molly Mona Monica Monique Morgan Morris
Mort Morty Moses Muhammad Muriel Murray Myra Myron Nadia Nancy Naomi Natalia Natalie Natasha Nathan Nathaniel Neal Ned
Neil Nell Nelson Nicholas Nick Nicky Nicole Nigel Nikita Nikolai Nina Noah Noel Nora Norma Norman Odette Olaf Olga
Oliver Olivia Ollie Omar Ophelia Orson Oscar Otis Otto Owen Pablo Paloma Pam Pamela Pat Patricia Patrick Patty Paul
Paula Paulie Pauline Pearl Pedro Peggy Penelope Penny Percy Perry Pete Peter Petra Phil Philip Philippe Phillip Phoebe
Phyllis Pierre Polly Preston Priya Quentin Quincy Rachel Rafael Raj Ralph Ramon Randall Randolph Randy Raoul Raphael
Ravi Ray Raymond Rebecca Reggie Regina Reginald Rene Rex Rhonda Ricardo Richard Richie Rick Ricky Riley Rita Rob
Robbie Robert Roberta Roberto Robin Rocco Rocky Rod Rodney Roger Roland Rolf Roman Romeo Ron Ronald Ronnie Rosa
Rosalie Rosalind Rose Rosemary Ross Roxanne Roy Ruben Ruby Rudolph Rudy Rufus Rupert Russell Ruth Ryan Sabrina Sadie
Sally Salvatore Sam Samantha Samuel Sandra Sandy Sara Sarah Sasha Saul Scott Sean Sebastian Selina Serena Sergei
Sergio Seth Seymour Shane Shannon Sharon Shawn Sheila Shelly Sherman Sherry Shirley Sid Sidney Sigmund Silvia Simon
Simone Sinclair Sofia Sonia Sonny Sophia Sophie Stan Stanley Stefan Stella Stephanie Stephen Steve Steven Stewart Stu
Stuart Sue Susan Susanna Susie Suzanne Sven Svetlana Sylvia Tamara Tammy Tania Tanya Tara Tatiana Ted Teddy Teresa
Terrence Terry Tess Tessa Thelma Theo Theodore Theresa Thomas Tiffany Tim Timothy Tina Toby Todd Tom Tomas Tommy Toni
Tony Tracy Travis Trevor Tricia Trish Troy Tyler Tyrone Ursula Valentina Valerie Vanessa Vera Vernon Veronica Vic
Vicki Vicky Victor Victoria Vijay Vince Vincent Viola Violet Virgil Vito Vivian Vladimir Wallace Wally Walt Walter
Wanda Wayne Wendy Wilbur Will Willa Willard William Willie Willy Wilma Winifred Winnie Winston Wolfgang Woody Wyatt
Xavier Yasmin Yolanda Yuri Yusuf Yves Yvonne Zach Zachary Zelda Zoe
"""
)

#: Countries, states of the USA, large cities and other places that plots are laid in; of several words with one blank.
PLACES = frozenset(
    place.strip()
    for place in """
Afghanistan, Africa, Alabama, Alaska, Albania, Albuquerque, Algeria, Algiers, America, Amsterdam, Andalusia, Angola,
Antarctica, Arabia, Argentina, Arizona, Arkansas, Armenia, Asia, Athens, Atlanta, Atlantic City, Auckland, Australia,
Austria, Azerbaijan, Baghdad, Bahamas, Bali, Baltimore, Bangkok, Bangladesh, Barcelona, Bavaria, Beijing, Beirut,
Belarus, Belfast, Belgium, Belgrade, Berlin, Bermuda, Beverly Hills, Birmingham, Bogota, Bolivia, Bombay, Bosnia,
Boston, Brazil, Brighton, Britain, Brittany, Broadway, Bronx, Brooklyn, Brussels, Bucharest, Budapest, Buenos Aires,
Buffalo, Bulgaria, Burma, Cairo, Calcutta, California, Cambodia, Cambridge, Cameroon, Canada, Cannes, Cape Town,
Caracas, Caribbean, Carolina, Casablanca, Central America, Ceylon, Chernobyl, Chicago, Chile, China, Chinatown,
Cincinnati, Cleveland, Colombia, Colorado, Congo, Connecticut, Copenhagen, Corsica, Costa Rica, Croatia, Cuba, Cyprus,
Czechoslovakia, Dakota, Dallas, Damascus, Delaware, Delhi, Denmark, Denver, Detroit, Dover, Dresden, Dubai, Dublin,
Earth, East Berlin, East Germany, Ecuador, Edinburgh, Egypt, El Salvador, England, Estonia, Ethiopia, Europe, Everest,
Fiji, Finland, Florence, Florida, France, Frankfurt, Geneva, Genoa, Germany, Ghana, Glasgow, Great Britain, Greece,
Greenland, Guatemala, Haiti, Hamburg, Hanoi, Harlem, Havana, Hawaii, Helsinki, Himalayas, Hiroshima, Holland,
Hollywood, Honduras, Hong Kong, Honolulu, Houston, Hungary, Ibiza, Iceland, Idaho, Illinois, India, Indiana,
Indianapolis, Indochina, Indonesia, Iowa, Iran, Iraq, Ireland, Israel, Istanbul, Italy, Jakarta, Jamaica, Japan,
Jersey, Jerusalem, Johannesburg, Kabul, Kansas, Kansas City, Karachi, Kentucky, Kenya, Kiev, Korea, Kosovo, Kuwait,
Kyoto, LA, L.A, Laos, Las Vegas, Latin America, Latvia, Lebanon, Leningrad, Liberia, Libya, Lima, Lisbon, Lithuania,
Liverpool, London, Los Angeles, Louisiana, Luxembourg, Macau, Madagascar, Madrid, Maine, Malaysia, Malibu, Malta,
Manchester, Manhattan, Manila, Marrakech, Mars, Marseille, Marseilles, Maryland, Massachusetts, Mecca, Melbourne,
Memphis, Mexico, Mexico City, Miami, Michigan, Middle East, Milan, Milwaukee, Minneapolis, Minnesota, Mississippi,
Missouri, Monaco, Mongolia, Montana, Monte Carlo, Montreal, Morocco, Moscow, Mozambique, Mumbai, Munich, Nairobi,
Naples, Nashville, Nebraska, Nepal, Netherlands, Nevada, Newark, New Delhi, New England, New Hampshire, New Jersey,
New Mexico, New Orleans, New York, New York City, New Zealand, Nicaragua, Nice, Nigeria, Normandy, North America,
North Carolina, North Dakota, North Korea, Northern Ireland, North Pole, Norway, Oakland, Ohio, Oklahoma, Omaha,
Ontario, Oregon, Orlando, Osaka, Oslo, Oxford, Pakistan, Palestine, Panama, Paraguay, Paris, Patagonia, Pearl Harbor,
Pennsylvania, Persia, Peru, Petersburg, Philadelphia, Philippines, Phoenix, Pittsburgh, Poland, Polynesia, Portland,
Portugal, Prague, Pretoria, Provence, Prussia, Puerto Rico, Quebec, Queens, Reno, Rhode Island, Rhodesia, Rio, Rio de
Janeiro, Romania, Rome, Russia, Rwanda, Sahara, Saigon, Salem, Salzburg, San Diego, San Francisco, San Quentin, Santa
Barbara, Santa Fe, Santa Monica, Santiago, Sarajevo, Saudi Arabia, Scandinavia, Scotland, Seattle, Senegal, Seoul,
Serbia, Seville, Shanghai, Siberia, Sicily, Singapore, Slovakia, Slovenia, Soho, Somalia, South Africa, South America,
South Carolina, South Dakota, South Korea, South Pole, Soviet Union, Spain, Sri Lanka, St. Louis, St. Petersburg,
Stalingrad, Stockholm, Sudan, Sweden, Switzerland, Sydney, Syria, Tahiti, Taipei, Taiwan, Tampa, Tangier, Tanzania,
Tehran, Tel Aviv, Tennessee, Texas, Thailand, Tibet, Tijuana, Tokyo, Toronto, Toulouse, Transylvania, Trieste, Tucson,
Tunisia, Turin, Turkey, Tuscany, U.K, U.S, U.S.A, UK, US, USA, USSR, Uganda, Ukraine, United Kingdom, United States,
United States of America, Uruguay, Utah, Vancouver, Vatican, Vegas, Venezuela, Venice, Vermont, Versailles, Vienna,
Vietnam, Virginia, Wales, Wall Street, Warsaw, Washington, Washington D.C, West Berlin, West Germany, West Indies,
West Virginia, Wimbledon, Wisconsin, Wyoming, Yemen, Yorkshire, Yugoslavia, Zambia, Zimbabwe, Zurich
""".replace("\n", " ").split(",")
)

#: Before a name: a person's.
TITLES = listed("""
Mr Mrs Ms Miss Mister Dr Doctor Prof Professor Captain Capt Cpt Lt Lieutenant Cmdr Commander Col Colonel Gen General
Maj Major Sgt Sergeant Cpl Corporal Pvt Private Admiral Adm King Queen Prince Princess Emperor Empress Duke Duchess
Count Countess Baron Baroness Lord Lady Sir Dame Madame Mme Monsieur Herr Frau Signor Signora Señor Senor Señora Don
Doña Father Sister Brother Mother Uncle Aunt Auntie Grandma Grandpa Granny Pope Saint Reverend Rev Rabbi Imam Bishop
Cardinal President Senator Sen Governor Gov Mayor Judge Justice Sheriff Deputy Marshal Detective Det Inspector Insp
Constable Officer Agent Chief Coach Master Mistress Tsar Czar Kaiser Sultan Sheikh Shah Chancellor Minister Ambassador
Secretary Superintendent Warden
""")
#: At the end of a name: an organisation's.
ORGANISATIONS = listed("""
Inc Corp Corporation Co Company Ltd Limited LLC GmbH Industries Enterprises Holdings Brothers Bros Bank University
College Academy Institute School Hospital Clinic Police Army Navy Force Marines Corps Guard Agency Bureau Department
Ministry Council Commission Committee Congress Senate Parliament Court Church Party Union League Association Society
Federation Foundation Organization Organisation Club Team Gang Mafia Mob Cartel Squad Division Regiment Brigade
Battalion Platoon Unit Command Service Services Office Times Post Tribune Herald Gazette Journal News Press Magazine
Network Television Radio Records Studios Studio Pictures Productions Airlines Airways Railway Railroad Motors Systems
Technologies Laboratories Labs Group Syndicate Triad Yakuza Order Cult Tribe Rangers Guild Alliance Empire Resistance
Legion Administration Authority Board Orchestra Ballet Opera Circus Interpol Gestapo Klan Vikings Yankees
""")
#: Alone, or before ``of`` or ``for``: an organisation's.
ORGANISATIONS_OF = listed(
    "University Bank Department Ministry Institute Church College Academy Bureau House Order League Society "
    "Association Council Daughters Sons Knights Brotherhood Museum Federation Board"
)
ACRONYMS = listed("""
FBI CIA NASA KGB NSA MI5 MI6 IRA LAPD NYPD SS UN NATO DEA ATF IRS SWAT BBC CBS NBC ABC CNN IMF KKK NBA NFL NCAA MGM
IBM OSS SAS RAF USAF USMC DOD EPA FDA DIA FEMA INS INTERPOL UNIT WBN ESPN MTV PLO ISIS MIT UCLA USC NYU GRU STASI SEAL
HBO RKO
""")
#: At the end of a name: a place's.
PLACE_HEADS = listed("""
Street Avenue Road Boulevard Square Lane Drive Alley Highway Bridge Station Airport Harbor Harbour Port Bay Beach
Coast Cove Cape Island Islands Isle Isles River Lake Creek Falls Sea Ocean Gulf Channel Strait Mountain Mountains
Mount Hill Hills Peak Canyon Valley Desert Forest Woods Swamp Jungle Plains Prairie Park Garden Gardens Zoo City Town
Village County State Province Territory Republic Kingdom Hotel Motel Inn Resort Ranch Farm Manor Mansion Castle Palace
Tower Towers Cathedral Abbey Temple Prison Penitentiary Camp Fort Base Cemetery Museum Theatre Theater Hall Stadium
Arena Casino Heights Springs Grove Ridge Rock Point Point Crossing Junction District Quarter Border Planet Moon Galaxy
Nebula Shore Reef Trail Pass Kitchen Bayou
""")
#: Before a name: a place's.
PLACE_FRONTS = listed(
    "Mount Mt Lake Cape Fort Ft Port Camp River Planet Isle Gulf San Santa Santo Los Las North South East West "
    "Northern Southern Eastern Western Upper Lower Central New Old Great Point Ho"
)
#: Compass points and ages are part of a place's name, but no place alone.
LOCATIVES = listed("in at to from near into across through outside inside around toward towards via leaving visiting")

#: They have capitals in English and name none of the three kinds.
NOT_NAMES = listed("""
I I'm I've I'll I'd Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June
July August September October November December Christmas Xmas Easter Halloween Thanksgiving Hanukkah Ramadan Passover
Valentine Eve Year American Americans African Africans Asian Asians Arab Arabs Arabic Argentine Australian Austrian
Belgian Brazilian British Briton Bulgarian Canadian Chinese Christian Christians Cuban Czech Danish Dutch Egyptian
English Englishman Englishwoman European Europeans Filipino Finnish French Frenchman Frenchwoman German Germans Greek
Greeks Gypsy Gypsies Hindu Hispanic Hungarian Indian Indians Iranian Iraqi Irish Irishman Israeli Italian Italians
Jamaican Japanese Jew Jewish Jews Korean Latin Latina Latino Lebanese Mexican Mexicans Mormon Moroccan Muslim Muslims
Native Nazi Nazis Norwegian Pakistani Palestinian Persian Polish Portuguese Protestant Roman Romans Russian Russians
Scandinavian Scot Scots Scottish Serbian Sicilian Soviet Soviets Spanish Swedish Swiss Thai Tibetan Turkish Ukrainian
Vietnamese Viking Welsh Yankee Catholic Catholics Buddhist Bosnian Californian Texan Parisian Victorian Edwardian
Oscar's Internet Web God Gods Devil Satan Heaven Hell Bible Koran TV DVD VHS PG-13 OK DJ VP CEO PhD MD AM PM BC AD WWI
WWII II III IV DNA AIDS HIV UFO ID PI Part Chapter Volume Episode Based Written Directed Starring Comedy Drama Sci-Fi
Western Documentary Academy-Award Oscar-winning Also And But Or Nor So Yet If Then
""")
#: Inside a name in small letters, between two words with capitals.
PARTICLES = listed("of de la le du da di del della dos das der den van von y bin ibn al el af av ter ten")
