from otus.doa import errors


def test_every_error_is_a_value_error() -> None:
    kinds = [e for e in vars(errors).values() if isinstance(e, type)]
    assert len(kinds) == 4
    assert all(issubclass(kind, ValueError) for kind in kinds)
