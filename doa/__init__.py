"""Direction of arrival: arrays, GCC-PHAT, rooms, training, evaluation, angles."""
