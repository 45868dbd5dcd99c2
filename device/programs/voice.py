# Obeys the words that settings.json gives an action.


def run(robot):
    while True:
        word = robot.listen()
        if word:
            robot.obey(word)
