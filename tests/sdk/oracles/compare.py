"""Where two pieces of JSON differ."""


def differences(wanted, given, at=""):
    """Where two pieces of JSON differ; 1 and 1.0 do not."""
    if isinstance(wanted, dict) and isinstance(given, dict):
        missing = [
            f"{at}.{key}: is {'missing' if key in wanted else 'too much'}" for key in wanted.keys() ^ given.keys()
        ]
        return missing + [
            one for key in wanted.keys() & given.keys() for one in differences(wanted[key], given[key], f"{at}.{key}")
        ]
    if isinstance(wanted, list) and isinstance(given, list) and len(wanted) == len(given):
        return [
            one for n, (a, b) in enumerate(zip(wanted, given, strict=True)) for one in differences(a, b, f"{at}[{n}]")
        ]
    return [] if wanted == given else [f"{at}: {given!r}, the SDK writes {wanted!r}"]
