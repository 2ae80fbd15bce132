"""What a column's name says about its values."""

from __future__ import annotations

import re

# The union of what PG Anonymizer, pdscan, piicatcher and OpenMetadata look for, by class. A class is
# also the semantic domain of the mask: equal e-mail addresses stay equal in every e-mail column.
_CLASSES = {
    "email": "email mail emailaddress emailaddr",
    "phone": "phone telephone tel mobile cell fax msisdn whatsapp skype",
    "name": "firstname lastname givenname middlename maidenname fullname nickname surname fname lname person prenom nom"
    " username login handle signature",
    "address": "address addr street line1 line2 city town county zip zipcode postcode postal postalcode pobox adresse"
    " ville",
    "geo": "lat latitude lon lng longitude geom coordinates",
    "birth": "dob birth birthday birthdate birthyear born death deceased age ages",
    "identity": "ssn nino pesel nif nie cpf cnpj passport license licence taxid tin vat nationalid bsn nhs aadhaar"
    " patient medical diagnosis insurance",
    "finance": "iban bic swift account bankaccount accountnumber routing sortcode creditcard cardnumber card cc pan"
    " cvv cvc salary income wage wages pension compensation bonus",
    "device": "ip ipaddr ipaddress mac macaddress ssid imei useragent cookie session device",
    "secret": "password passwd pwd passphrase salt token accesstoken refreshtoken apikey secret privatekey otp pin auth"
    " oauth hash",
    "person": "gender sex nationality race ethnicity religion marital maritalstatus",
    "text": "comment comments note notes description bio message body feedback subject transcript",
}
_WORDS = {word: name for name, words in _CLASSES.items() for word in words.split()}
# words so telling that they count inside a longer one too: dateofbirth, customerphone
_STEMS = {
    "birth": "birth", "salary": "finance", "income": "finance", "iban": "finance", "creditcard": "finance",
    "accountnumber": "finance", "passport": "identity", "socialsecurity": "identity", "password": "secret",
    "phone": "phone", "email": "email", "latitude": "geo", "longitude": "geo",
}  # fmt: skip
_REFERENCES = ("id", "ids")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def semantic_class(column: str) -> str | None:
    """Return the class of personal or secret values that a name announces, None if it announces none.

    >>> [semantic_class(name) for name in ("EMailAddress", "user_email2", "birth_date", "status", "first_name")]
    ['email', 'email', 'birth', None, 'name']
    >>> [semantic_class(name) for name in ("dateofbirth", "customerphone", "page", "phone_id")]
    ['birth', 'phone', None, None]
    >>> semantic_class("address_id"), semantic_class("tax_id")
    (None, 'identity')
    """
    words = [word.lower() for word in _PARTS.findall(column)]
    joined = ["".join(words[start:end]) for start in range(len(words)) for end in range(start + 1, len(words) + 1)]
    if (
        words and words[-1] in _REFERENCES
    ):  # address_id is a number that stands for an address, tax_id is the thing itself
        joined = [word for word in joined if word.endswith(_REFERENCES)]
    found = [_WORDS[word] for word in sorted(joined, key=len, reverse=True) if word in _WORDS]
    return found[0] if found else _by_stem(words)


def _by_stem(words: list[str]) -> str | None:
    """Look inside words that were written together."""
    if words and words[-1] in _REFERENCES:
        return None
    return next((found for stem, found in _STEMS.items() if stem in "".join(words)), None)
