from geokiln.config.earlier_keys import take_out_earlier_keys


def test_a_command_as_earlier_versions_took_it_is_understood_and_told(capsys):
    before = {"command": ["cook.sh"], "outputs": ["a.npz"], "time_limit": 9, "exit_codes": {"3": "drop"}, "inputs": []}
    config = {"generator": before}

    assert take_out_earlier_keys(config) == []
    command = {"words": ["cook.sh"], "outputs": ["a.npz"], "time_limit": 9, "retries": 0, "exit_codes": {"3": "drop"}}
    assert config["generator"] == {"command": command, "time_limit": None, "inputs": []}
    assert capsys.readouterr().err.startswith("Geokiln: config.yaml: generator.command is a section now: command: {")
