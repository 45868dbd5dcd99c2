# Obeys as voice does, and finds its way round: what it meets while it goes makes it step back and turn.


def run(robot):
    going = False
    while True:
        word = robot.listen()
        if word:
            robot.obey(word)
            going = robot.motors.going_forward()
        elif going and not robot.motors.moving():
            # stopped by an obstacle, or at the end of its way
            going = False
            if robot.obstacle():
                going = avoid(robot)


def avoid(robot):
    # whether it goes on; a word said meanwhile is obeyed instead
    robot.forward(-80)
    word = robot.wait()
    if not word:
        robot.turn(60)
        word = robot.wait()
    if word:
        robot.obey(word)
    else:
        robot.go()
    return robot.motors.going_forward()
