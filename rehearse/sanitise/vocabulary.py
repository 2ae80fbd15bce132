"""The words by which columns announce personal data, in English and French, and the common ones of four languages more.

The union of what PG Anonymizer, pdscan, piicatcher and OpenMetadata look for, and German, Spanish, Italian and
Portuguese words. A meaning is also the semantic domain of the mask: equal e-mail addresses stay equal in every
e-mail column.
"""

from __future__ import annotations

from types import MappingProxyType

_TELLING = {
    "email": "email mail emailaddress emailaddr courriel correo correoelectronico emails mailaddress",
    "phone": (
        "phone phones telephone tel mobile cell cellphone fax msisdn whatsapp skype phonenumber mobilenumber "
        "telefon telefono telefone handy movil celular cellulare portable telno phoneno faxno"
    ),
    "name": (
        "firstname lastname givenname middlename maidenname fullname surname fname lname person prenom nom "
        "signature nomcomplet nomfamille vorname nachname familienname geburtsname apellido apellidos nombres "
        "cognome sobrenome primeironome familyname displayname contactname customername realname legalname "
        "cardholder accountholder holdername patientname employeename"
    ),
    "login": (
        "username login handle nickname userlogin loginname benutzername usuario ldapid openid twitterid "
        "facebookid linkedinid googleid skypeid screenname ldap twitter facebook linkedin instagram telegram"
    ),
    "address": (
        "address addr street streetname line1 line2 addressline1 addressline2 addressline city town county "
        "zip zipcode postcode postal postalcode pobox adresse ville rue codepostal strasse hausnummer ort plz "
        "postleitzahl wohnort direccion calle ciudad codigopostal indirizzo citta endereco rua cidade cep "
        "bairro logradouro adresses"
    ),
    "geo": ("lat latitude lon lng longitude geom geometry coordinates geolocation geopoint coords latlng latlon gps"),
    "birth": (
        "dob birth birthday birthdate birthyear born death deceased age ages dateofbirth dateofdeath "
        "naissance datenaissance geburtsdatum geburtstag nacimiento fechanacimiento nascita datanascita "
        "nascimento datanascimento"
    ),
    "identity": (
        "ssn nino sin pesel nif nie dni cpf cnpj passport passportnumber driverlicense driverslicense "
        "licenceplate licenseplate license licence taxid tin vat vatid nationalid bsn nhs nhsnumber aadhaar "
        "patient patientid medical medicalrecord mrn diagnosis insurance insuranceid socialsecurity "
        "socialsecuritynumber immatriculation nir numerosecu steuerid steuernummer sozialversicherungsnummer "
        "ausweisnummer codicefiscale curp rfc taxnumber vatnumber idnumber identitynumber personalnumber "
        "personnummer"
    ),
    "card": (
        "creditcard creditcardnumber cardnumber cardno ccnum ccnumber cc pan cvv cvc cvv2 debitcard "
        "cartebancaire kreditkarte tarjeta"
    ),
    "iban": "iban ibans",
    "finance": (
        "bic swift swiftcode bankaccount accountnumber accountno routing routingnumber sortcode salary income "
        "wage wages pension compensation bonus salaire gehalt lohn kontonummer kontoinhaber salario stipendio "
        "sueldo revenu netpay grosspay payrate hourlyrate creditscore bankcode blz"
    ),
    "device": (
        "ip ipaddr ipaddress ipv4 ipv6 mac macaddress macaddr ssid imei useragent cookie deviceid sessionid "
        "clientip remoteaddr remoteip userip fingerprint devicetoken advertisingid idfa"
    ),
    "url": "avatar avatarurl photourl pictureurl profileurl website homepage blogurl linkedinurl",
    "secret": (
        "password passwd pwd passphrase salt accesstoken refreshtoken apikey apitoken secret secretkey "
        "clientsecret privatekey otp pin oauth passwordhash passwordsalt motdepasse mdp passwort kennwort "
        "contrasena senha parola recoverycode backupcode totp authtoken authkey bearertoken signingkey "
        "encryptionkey webhooksecret sessiontoken csrftoken sessionkey resettoken passworddigest "
        "encryptedpassword"
    ),
    "person": (
        "gender sex nationality race ethnicity religion marital maritalstatus sexe civilite geschlecht genero "
        "sesso disability blood bloodtype bloodgroup"
    ),
    "text": (
        "comment comments note notes bio biography message messages body feedback transcript remark remarks "
        "commentaire commentaires bemerkung bemerkungen notiz kommentar observaciones comentario comentarios "
        "osservazioni observacoes freetext"
    ),
}
_AMBIGUOUS = {
    "name": (
        "contact employer assignee handler manager agent driver seller salesperson reviewer approver "
        "requester doctor nurse physician teacher student owner author createdby updatedby modifiedby "
        "deletedby assignedto approvedby handledby soldby reviewedby insertedby customer client kunde "
        "mitarbeiter empleado cliente nick attendee guest passenger beneficiary spouse sibling recipient "
        "sender payee payer initials alias"
    ),
    "address": "location place neighborhood neighbourhood residence region borough lieu",
    "geo": "point",
    "finance": "account compte konto cuenta conto",
    "device": "session device hostname serialnumber serial",
    "secret": "pass token tokens auth hash credential credentials",
    "text": "description subject reason memo details summary review answer question reply content",
    "url": "photo picture image portrait selfie",
    "person": "job jobtitle occupation profession company beruf firma empresa",
}
TELLING = MappingProxyType({word: meaning for meaning, words in _TELLING.items() for word in words.split()})
AMBIGUOUS = MappingProxyType({word: meaning for meaning, words in _AMBIGUOUS.items() for word in words.split()})
MEANINGS = frozenset({*_TELLING, *_AMBIGUOUS})
# words so telling that they count inside a longer one too: dateofbirth, customerphone
STEMS = MappingProxyType(
    {
        "birth": "birth", "naissance": "birth", "geburtsdat": "birth", "salary": "finance", "gehalt": "finance",
        "income": "finance", "iban": "iban", "creditcard": "card", "cardnumber": "card", "accountnumber": "finance",
        "passport": "identity", "socialsecurity": "identity", "password": "secret", "passwd": "secret",
        "apikey": "secret", "firstname": "name", "lastname": "name", "surname": "name", "vorname": "name",
        "nachname": "name", "username": "login", "telefon": "phone", "phone": "phone", "email": "email",
        "latitude": "geo", "longitude": "geo", "ipaddress": "device", "postalcode": "address", "zipcode": "address",
    }
)  # fmt: skip
# last words that make of a personal word something about it: card_count, email_verified, phone_type
OF_A_THING = frozenset(
    [
        "count",
        "counts",
        "counter",
        "total",
        "totals",
        "type",
        "types",
        "kind",
        "status",
        "state",
        "format",
        "enabled",
        "verified",
        "confirmed",
        "valid",
        "required",
        "attempts",
        "length",
        "size",
        "version",
        "flag",
        "sent",
        "template",
        "templates",
        "at",
        "limit",
        "quota",
        "level",
        "category",
        "rank",
        "order",
        "optin",
        "optout",
        "subscribed",
        "preference",
        "preferences",
        "visible",
        "public",
        "locale",
        "language",
        "timezone",
        "unit",
        "units",
    ]
)
# tables of people: there a plain "name" is somebody's
PEOPLE = frozenset(
    [
        "person",
        "people",
        "customer",
        "user",
        "member",
        "employee",
        "staff",
        "actor",
        "patient",
        "contact",
        "author",
        "student",
        "teacher",
        "player",
        "client",
        "artist",
        "driver",
        "guest",
        "passenger",
        "doctor",
        "nurse",
        "voter",
        "tenant",
        "candidate",
        "applicant",
        "subscriber",
        "donor",
        "lead",
        "attendee",
        "participant",
        "owner",
        "seller",
        "buyer",
        "borrower",
        "director",
        "musician",
        "athlete",
        "lawyer",
        "personne",
        "utilisateur",
        "employe",
        "kunde",
        "nutzer",
        "benutzer",
        "mitarbeiter",
        "persona",
        "usuario",
        "cliente",
        "empleado",
        "utente",
        "pessoa",
        "account",
        "profile",
        "child",
        "parent",
        "spouse",
        "friend",
    ]
)
