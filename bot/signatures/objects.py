"""Reading PDF objects: what pyHanko's dictionaries do not do by themselves."""

from pyhanko.pdf_utils import generic


def entry(dictionary: generic.DictionaryObject, key: str, default: object = None) -> object:
    """The value of `key`, indirect references followed; a null is no value.

    (`dict.get` of pyHanko's dictionaries gives the bare reference, behind which
    anything could hide.)
    """
    try:
        value: object = dictionary[key]
    except KeyError:
        return default
    return value
