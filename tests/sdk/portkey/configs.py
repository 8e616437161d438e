"""Configs made up by a random number generator, each with a request and with how its targets answer.

A target is known by its id, which is its model as well. `OUTCOMES` are statuses, `reset`: the connection is closed without an
answer, and `slow`: nothing comes before the config's time is up.
"""

import random

OUTCOMES = [200, 200, 400, 401, 404, 408, 429, 429, 429, 500, 503, 503, 503, "reset"]
TIMEOUT = 3000
CODES = [[429], [429, 503], [429, 500, 503], [401, 404, 429, 500, 503], [408, 429], [500], [], [246, 429], [400, 429]]
RETRIED = [None, None, None, [429, 500, 502, 503, 504], [429], [408, 429], []]
METADATA = {
    "plan": ["free", "paid", "pro"],
    "tier": ["tier-1", "tier-2"],
    "n": [1, 5, 10, "5", "10"],
    "beta": [True, False],
    "time": ["08:59", "09:30", "17:30"],
}
PARAMS = {"model": ["fastest", "smartest"], "temperature": [0, 0.5, 1.0], "user": ["ann", "bob"]}


def cases(count, seed=1):
    """`count` cases, the same for the same seed."""
    return [Maker(random.Random(seed * 100_000 + n)).case() for n in range(count)]


class Maker:
    """Makes one case."""

    def __init__(self, dice):
        self.dice = dice
        self.targets = []

    def case(self):
        config = self.strategy(self.dice.choice([1, 2, 3, 3]))
        metadata = {key: self.dice.choice(values) for key, values in METADATA.items() if self.chance(0.7)}
        params = {key: self.dice.choice(values) for key, values in PARAMS.items() if self.chance(0.7)}
        outcomes = {target: self.dice.choice(OUTCOMES) for target in self.targets}
        for target in self.slow(config):
            outcomes[target] = "slow"
        request = {"metadata": metadata, "body": {"model": "asked", "messages": []} | params}
        return {"config": config, "request": request, "outcomes": outcomes}

    def chance(self, p):
        return self.dice.random() < p

    def slow(self, config):
        """Some of the targets that have a time limit themselves."""
        for target in config.get("targets", []):
            if "request_timeout" in target and "strategy" not in target and self.chance(0.6):
                yield target["override_params"]["model"]
            yield from self.slow(target)

    def node(self, depth):
        return self.strategy(depth - 1) if depth > 1 and self.chance(0.6) else self.leaf()

    def leaf(self):
        name = f"t{len(self.targets)}"
        self.targets.append(name)
        leaf = {"provider": "openai", "override_params": {"model": name}}
        return leaf | self.extras(0.06, 0.06)

    def extras(self, retry, timeout):
        extras = {}
        if self.chance(retry):
            extras["retry"] = {"attempts": self.dice.choice([0, 1, 1, 2])}
            codes = self.dice.choice(RETRIED)
            if codes is not None:
                extras["retry"]["on_status_codes"] = codes
        if self.chance(timeout):
            extras["request_timeout"] = TIMEOUT
        return extras

    def strategy(self, depth):
        mode = self.dice.choice(["single"] + ["loadbalance"] * 3 + ["fallback"] * 5 + ["conditional"] * 3)
        targets = [self.node(depth) for _ in range(self.dice.choice([1, 2, 3, 3, 4]))]
        strategy = {"mode": mode}
        if mode == "fallback" and self.chance(0.35):
            strategy["on_status_codes"] = self.dice.choice(CODES)
        if mode == "loadbalance":
            self.weigh(targets)
        if mode == "conditional":
            self.conditions(strategy, targets)
        return {"strategy": strategy, "targets": targets} | self.extras(0.03, 0.0)

    def weigh(self, targets):
        weights = [self.dice.choice([None, 0, 1, 0.5, 3]) for _ in targets]
        if not any(weight is None or weight for weight in weights):
            weights[-1] = 1
        for target, weight in zip(targets, weights):
            if weight is not None:
                target["weight"] = weight

    def conditions(self, strategy, targets):
        for i, target in enumerate(targets):
            target["name"] = f"n{i}"
        names = [target["name"] for target in targets]
        count = self.dice.choice([1, 2, 3])
        strategy["conditions"] = [{"query": self.query(2), "then": self.dice.choice(names)} for _ in range(count)]
        if self.chance(0.8):
            strategy["default"] = self.dice.choice(names)

    def query(self, depth):
        if self.chance(0.03):
            return {}
        if depth and self.chance(0.35):
            query = {self.dice.choice(["$and", "$or"]): [self.query(0) or self.test() for _ in range(2)]}
            return self.test() | query if self.chance(0.3) else query | (self.test() if self.chance(0.1) else {})
        return self.test() | (self.test() if self.chance(0.3) else {})

    def test(self):
        if self.chance(0.03):
            return self.odd()
        room, fields = self.dice.choice([("metadata", METADATA), ("metadata", METADATA), ("params", PARAMS)])
        key = self.dice.choice(list(fields))
        if self.chance(0.08):
            return {"url.pathname": self.dice.choice(["/v1/chat/completions", {"$regex": "embeddings$"}])}
        values = fields[key]
        one, some = self.dice.choice(values), self.dice.sample(values, 2)
        tests = [one, {"$eq": one}, {"$ne": one}, {"$in": some}, {"$nin": some}]
        if key in ("n", "temperature"):
            bound = self.dice.choice([0.5, 5, "5", "7"])
            tests += [{self.dice.choice(["$gt", "$gte", "$lt", "$lte"]): bound}] * 3
        elif isinstance(one, str):
            tests += [{"$regex": self.dice.choice(["^p", "est$", "^tier-[12]$", "a+|b", "^0"])}] * 2
        return {f"{room}.{key}": self.dice.choice(tests)}

    def odd(self):
        """What means something else here than there."""
        plan = self.dice.choice(METADATA["plan"])
        return self.dice.choice(
            [
                {"metadata.plan.name": plan},
                {"plan": plan},
                {"metadata.plan": {"$regex": "^p", "$ne": plan}},
                {"metadata.plan": {"$regex": ".*"}},
                {"metadata.n": {"$regex": "[0-9]"}},
                {"metadata.time": {"$gte": "09:00", "$lt": "17:00"}},
                {"metadata.plan": {"$gt": "fred"}},
                {"metadata.plan": {"$exists": True}},
                {"metadata.plan": {"$eq": {"name": plan}}},
                {"metadata.plan": {"$regex": "(?i)P"}},
                {"$not": {"metadata.plan": plan}},
            ]
        )
