from otus.driver.errors import DeviceError, DriverError, LinkError


def test_one_class_catches_all() -> None:
    assert all(issubclass(each, DriverError) for each in (DeviceError, LinkError))
