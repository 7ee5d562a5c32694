def test_meta():
    pass
